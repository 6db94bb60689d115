// The health prober: a probe is given up while its client still connects.
"use strict";

const net = require("net");
const { Client } = require("undici");

let port;

// A backend, in this process too.
exports.setup = () => new Promise((resolve) => {
  const backend = net.createServer((socket) => socket.on("error", () => {}));
  backend.listen(0, "127.0.0.1", () => {
    port = backend.address().port;
    resolve();
  });
});

exports.op = async (i) => {
  const client = new Client(`http://127.0.0.1:${port}`);
  const probe = client.request({ path: "/health", method: "GET" }).then(
    () => { throw new Error(`probe ${i} was answered`); },
    (error) => error,
  );
  await client.destroy();
  await probe;
  await new Promise((resolve) => setTimeout(resolve, 2));
};
