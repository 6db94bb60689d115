"use strict";
// As sized.py, for the host of Node.
let lines = 0;
exports.setup = (size) => { lines = size.lines; };
exports.square = (i) => { let sum = 0; for (let at = 0; at < lines * lines / 4; at++) sum += at; return sum; };
exports.straight = async (i, size) => { let sum = 0; for (let at = 0; at < 1000 * size; at++) sum += at; return sum; };
