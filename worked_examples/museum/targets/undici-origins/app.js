// The webhook sender: one request to each of many customers' hosts.
"use strict";

const http = require("http");
const { Agent, request } = require("undici");

let port;
let agent;

// Every host is one server in this process, which closes after its answer as customers' do.
exports.setup = () => new Promise((resolve) => {
  const customers = http.createServer((asked, answer) => {
    answer.setHeader("connection", "close");
    answer.end("thanks");
  });
  const lookup = (host, options, callback) => {
    if (options && options.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
    else callback(null, "127.0.0.1", 4);
  };
  customers.listen(0, "127.0.0.1", () => {
    port = customers.address().port;
    agent = new Agent({ connect: { lookup } });
    resolve();
  });
});

exports.op = async (i) => {
  const answer = await request(`http://customer-${i}.test:${port}/hook`, { dispatcher: agent });
  const text = await answer.body.text();
  if (text !== "thanks") throw new Error(`customer ${i} answered ${text}`);
};
