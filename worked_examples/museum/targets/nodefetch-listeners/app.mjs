// The sidecar: polls its service over one connection that stays open; answers come in chunks.
import http from "node:http";
import fetch from "node-fetch";

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let url;

// The service is in this process too: what is judged is the client's side of it.
export const setup = () => new Promise((resolve) => {
  const service = http.createServer((request, response) => {
    response.write("hel");
    response.end("lo");
  });
  service.keepAliveTimeout = 600_000;
  service.listen(0, "127.0.0.1", () => {
    url = `http://127.0.0.1:${service.address().port}/`;
    resolve();
  });
});

export const op = async (i) => {
  const response = await fetch(url, { agent });
  const text = await response.text();
  if (text !== "hello") throw new Error(`poll ${i} was answered ${text}`);
};
