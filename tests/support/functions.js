"use strict";
// Functions to be hosted: quick, slow, failing, noisy. See functions.py.

const seen = [];
let sizes = {};
const turn = () => new Promise((resolve) => setImmediate(resolve));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

exports.setup = (size) => { sizes = size; console.log("setting up", size); };
exports.setup_async = async (size) => { await sleep(1); sizes = size; };
exports.setup_fails = () => { throw new RangeError("no database"); };
exports.state = () => ({ calls: seen.length, lines: sizes.lines || 0, name: "not a number" });
exports.state_fails = () => { throw new RangeError("x"); };
exports.quick = () => {};
exports.counted = (i) => { seen.push(i); };
exports.fails = (i) => { if (i % 4 === 0) throw new RangeError(`not ${i}`); };
exports.prints = () => { console.log("a line of the function's own"); };
exports.dies = (i) => { if (i === 5) process.exit(17); };
exports.hangs = () => { const end = Date.now() + 60000; while (Date.now() < end); };
exports.quick_async = async () => {};
exports.counted_async = async (i) => { seen.push(i); await turn(); };
exports.sleeps_async = async () => sleep(20);
exports.promises = (i) => new Promise((resolve) => setTimeout(() => { seen.push(i); resolve(); }, 20));
exports.rejects = (i) => turn().then(() => { if (i % 4 === 0) throw new RangeError(`not ${i}`); });
exports.new_space = () => ({
  bytes: require("v8").getHeapSpaceStatistics().find((one) => one.space_name === "new_space").space_size,
});
exports.fails_async = async (i) => { await turn(); if (i % 4 === 0) throw new RangeError(`not ${i}`); };
exports.hangs_async = async () => sleep(60000);
