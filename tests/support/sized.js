"use strict";
// As sized.py, for the host of Node.
let lines = 0;
exports.setup = (size) => { lines = size.lines; };
exports.square = (i) => { let sum = 0; for (let at = 0; at < lines * lines / 20; at++) sum += at; return sum; };
exports.straight = async (i, size) => { let sum = 0; for (let at = 0; at < 100 * size; at++) sum += at; return sum; };
