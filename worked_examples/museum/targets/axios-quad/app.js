// The mirror: downloads packages, none larger than the security guide allows.
"use strict";

const http = require("http");
const axios = require("axios");

const MOST = 100 << 20;
const CHUNK = Buffer.alloc(16384, "b");

let url;
let wanted = 0;

// The upstream, in this process too: sends as many bytes as the path says.
function upstream(request, response) {
  let left = Number(request.url.slice(1));
  const go = () => {
    while (left > 0) {
      const piece = left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
      left -= piece.length;
      if (!response.write(piece)) {
        response.once("drain", go);
        return;
      }
    }
    response.end();
  };
  go();
}

exports.setup = ({ download_bytes }) => new Promise((resolve) => {
  wanted = download_bytes;
  if (url) {
    resolve();
    return;
  }
  const server = http.createServer(upstream).listen(0, "127.0.0.1", () => {
    url = `http://127.0.0.1:${server.address().port}/`;
    resolve();
  });
});

exports.op = async () => {
  const options = { maxContentLength: MOST, responseType: "arraybuffer" };
  const { data } = await axios.get(url + wanted, options);
  if (data.length !== wanted) throw new Error(`${data.length} of ${wanted} bytes came`);
};
