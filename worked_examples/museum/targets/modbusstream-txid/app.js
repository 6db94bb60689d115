// The poller of the boiler room: one Modbus connection, one register, again and again.
"use strict";

const net = require("net");
const modbus = require("modbus-stream");

const VALUE = 42;
let connection;

// The controller, in this process too: answers each read with one register.
function controller(socket) {
  let heard = Buffer.alloc(0);
  socket.on("error", () => {});
  socket.on("data", (data) => {
    heard = Buffer.concat([heard, data]);
    while (heard.length >= 7) {
      const length = heard.readUInt16BE(4) + 6;
      if (heard.length < length) break;
      const answer = Buffer.alloc(11);
      heard.copy(answer, 0, 0, 4); // transaction and protocol
      answer.writeUInt16BE(5, 4);
      answer[6] = heard[6]; // unit
      answer[7] = heard[7]; // function
      answer[8] = 2;
      answer.writeUInt16BE(VALUE, 9);
      socket.write(answer);
      heard = heard.subarray(length);
    }
  });
}

exports.setup = () => new Promise((resolve, reject) => {
  const server = net.createServer(controller).listen(0, "127.0.0.1", () => {
    modbus.tcp.connect(server.address().port, "127.0.0.1", {}, (error, connected) => {
      if (error) {
        reject(error);
        return;
      }
      connection = connected;
      connection.on("error", () => {});
      resolve();
    });
  });
});

exports.op = (i) => new Promise((resolve, reject) => {
  connection.readHoldingRegisters({ address: 1, quantity: 1 }, (error, answer) => {
    if (error) reject(error);
    else if (answer.response.data[0].readUInt16BE(0) !== VALUE) reject(new Error(`poll ${i} is wrong`));
    else resolve();
  });
});
