"use strict";
// Hosts a JavaScript function for perfstress: loads it, calls it, counts. See docs/host-protocol.md.
//
// Plain Node, no packages. Node runs one thing at a time, so users of a plain function take turns;
// those of an async one overlap. A loop over a plain function lets go every few milliseconds, to read
// commands and to tell what has happened.

const fs = require("fs");
const net = require("net");
const path = require("path");
const v8 = require("v8");
const { pathToFileURL } = require("url");

const [commandsFd, repliesFd] = process.env.PERFSTRESS_HOST.split(",").map(Number);
delete process.env.PERFSTRESS_HOST;

const TICK_NS = 100e6;
const STATE_NS = 1e9;
const SLICE_NS = 10e6; // how long plain calls run before anything else gets a turn
const TRACEBACKS = 5;
const NAP_MS = 20;

// The machine's monotonic clock in ns. performance.now() is cheaper than hrtime.bigint() by far; a
// double is exact to 2^53 ns, 104 days of uptime, and to 2 ns beyond.
const BASE_NS = Number(process.hrtime.bigint()) - performance.now() * 1e6;
const clock = () => BASE_NS + performance.now() * 1e6;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const turn = () => new Promise((resolve) => setImmediate(resolve));

// A latency to 512 ns or 11 significant bits, whichever is coarser: the middle of its place in an
// HDR histogram of 1 µs to 1 h with three significant digits.
function rounded(latency) {
  let width = 512;
  while (latency >= width * 2048) width *= 2;
  return Math.floor(latency / width) * width + width / 2;
}

class Tally {
  constructor(epoch) {
    this.epoch = epoch;
    this.reset();
  }

  reset() {
    this.fired = this.ok = this.dropped = 0;
    this.errors = {};
    this.latencies = { response: new Map(), service: new Map(), slip: new Map() };
  }

  latency(name, value) {
    const counts = this.latencies[name];
    const key = rounded(value);
    counts.set(key, (counts.get(key) || 0) + 1);
  }

  error(name) {
    this.errors[name] = (this.errors[name] || 0) + 1;
  }

  take() {
    if (!(this.fired || this.ok || this.dropped || Object.keys(this.errors).length)) return [];
    const told = {
      epoch: this.epoch, fired: this.fired, ok: this.ok, dropped: this.dropped, errors: this.errors,
    };
    for (const [name, counts] of Object.entries(this.latencies)) {
      if (counts.size) told[name] = [...counts.entries()].flat();
    }
    this.reset();
    return [told];
  }
}

function reply(kind, facts = {}) {
  let rest = Buffer.from(JSON.stringify({ reply: kind, ...facts }) + "\n");
  while (rest.length) {
    try {
      rest = rest.subarray(fs.writeSync(repliesFd, rest));
    } catch (error) {
      if (error.code !== "EAGAIN") process.exit(1); // perfstress has gone
    }
  }
}

let fn = null; // {op, setup, state, isAsync}
let load = null; // what is under way
let open = null; // where arrivals go to
let zeroNs = 0;
let toldNs = 0;
let nextStateNs = 0;
let tracebacks = 0;
let hasStateFailed = false;

async function find(cwd, name) {
  const [file, attribute] = name.split("#");
  const module = await import(pathToFileURL(path.resolve(cwd, file)).href);
  const found = module[attribute] ?? (module.default || {})[attribute];
  if (typeof found !== "function") throw new TypeError(`${file} exports no function ${attribute}`);
  return found;
}

// Whether a function is async can be seen before it is called; whether a plain one gives back a
// promise cannot. The first one that does shows it, and from then on the function counts as async.
const isAsync = (f) => Object.prototype.toString.call(f) === "[object AsyncFunction]";
const isPromise = (given) => given !== null && typeof given === "object" && typeof given.then === "function";

// How sizes get to the function: as the second argument of each call (false), or by setup (true).
function sizedBySetup(order, op, setup) {
  if (op.length >= 2) return false;
  if (setup && setup.length >= 1) return true;
  throw new TypeError(`neither does ${order.call} take a second argument nor setup an object, ` +
    `so no ${order.sweep.name} would get there`);
}

// Make a size ready. Where that fails every call fails, for the size is what was asked.
async function resize(value) {
  const { whole } = fn;
  try {
    if (fn.bySetup) await fn.setup({ ...fn.size, [fn.sweep.name]: value });
    fn.op = fn.bySetup ? whole : (i) => whole(i, value);
  } catch (error) {
    fn.op = fn.isAsync ? async () => { throw error; } : () => { throw error; };
  }
  reply("sized", { value });
}

async function setUp(order) {
  let stage = "load";
  try {
    process.chdir(order.cwd);
    const op = await find(order.cwd, order.call);
    const setup = order.setup ? await find(order.cwd, order.setup) : null;
    const state = order.state ? await find(order.cwd, order.state) : null;
    if (order.by === "tasks" && !isAsync(op)) {
      throw new TypeError(`${order.call} is not async, so tasks cannot call it`);
    }
    const bySetup = order.sweep ? sizedBySetup(order, op, setup) : false;
    stage = "setup";
    const size = bySetup ? { ...order.size, [order.sweep.name]: order.sweep.value } : order.size;
    if (setup) await setup(size);
    fn = { op, whole: op, setup, state, isAsync: isAsync(op), size, sweep: order.sweep, bySetup };
    if (order.sweep && !bySetup) fn.op = (i) => op(i, order.sweep.value);
  } catch (error) {
    const name = (error && error.name) || "Error";
    const told = `${name}: ${(error && error.message) || error}`;
    reply("failed", { stage, error: told, traceback: String((error && error.stack) || error) });
    return;
  }
  const runtime = `Node ${process.version}`;
  reply("ready", { runtime, is_async: fn.isAsync, clock_ns: Math.round(clock()) });
}

function failed(error) {
  tracebacks += 1;
  if (tracebacks <= TRACEBACKS) console.error("perfstress: a call failed:", error);
}

const nameOf = (error) => (error && error.constructor && error.constructor.name) || typeof error;

async function tellState() {
  if (!fn.state) return;
  const values = {};
  try {
    for (const [name, value] of Object.entries(await fn.state())) {
      if (typeof value === "number" && Number.isFinite(value)) values[name] = value;
    }
  } catch (error) {
    if (!hasStateFailed) console.error("perfstress: state() failed:", error);
    hasStateFailed = true;
    return;
  }
  reply("gauges", { values });
}

function tell(what) {
  const counts = what.take();
  const now = Math.round(clock());
  reply("progress", { from_ns: toldNs, to_ns: now, in_flight: what.inFlight, counts });
  toldNs = now;
}

const nextTick = () => zeroNs + (Math.floor((clock() - zeroNs) / TICK_NS) + 1) * TICK_NS;
let tickNs = nextTick();

// Called often by whoever has the thread: keeps time for the load that is under way.
function keepBooks() {
  const now = clock();
  if (!load) return;
  if (now >= load.endsNs) load.isOver = true;
  if (now < tickNs) return;
  tickNs = nextTick();
  if (now >= nextStateNs) {
    nextStateNs = now + STATE_NS;
    tellState();
  }
  tell(load);
}

// One epoch of users who call again as soon as the last call has ended.
class Closed {
  constructor(order) {
    Object.assign(this, order);
    [this.startUsers, this.endUsers] = order.users;
    this.tally = new Tally(order.epoch);
    this.next = order.first;
    this.last = order.ops === null ? Infinity : order.first + order.ops;
    this.isOver = this.isCancelled = false;
    this.endsNs = Infinity;
    this.inFlight = 0;
    this.wanted = this.startUsers;
    this.cancelled = new Promise((resolve) => { this.giveUp = resolve; });
  }

  cancel() {
    this.isOver = this.isCancelled = true;
    this.giveUp();
  }

  async run() {
    while (!this.isOver && clock() < this.at_ns) await sleep(1);
    if (this.isOver) return;
    this.beganNs = toldNs = Math.round(clock());
    if (this.duration_ns !== null) this.endsNs = this.beganNs + this.duration_ns;
    reply("began", { epoch: this.epoch, at_ns: this.beganNs });
    const most = Math.max(this.startUsers, this.endUsers);
    const user = fn.isAsync ? (n) => this.callAsync(n) : (n) => this.call(n);
    const users = Promise.all(Array.from({ length: most }, (_, number) => user(number)));
    await Promise.race([users, this.cancelled]);
    while (!most && !this.isOver) await sleep(NAP_MS);
  }

  async gate(number) {
    while (number >= this.wanted && !this.isOver && this.next < this.last) await sleep(5);
    return !this.isOver && this.next < this.last;
  }

  async call(number) {
    const op = fn.op;
    const tally = this.tally;
    while (await this.gate(number)) {
      if (fn.isAsync) return this.callAsync(number);
      const until = clock() + SLICE_NS;
      let before = clock();
      while (!this.isOver && this.next < this.last && before < until) {
        const i = this.taken();
        tally.fired += 1;
        try {
          const given = op(i);
          if (isPromise(given)) {
            fn.isAsync = true;
            await this.settle(given, before);
            break;
          }
          const now = clock();
          this.ended(now - before);
          before = now;
        } catch (error) {
          tally.error(nameOf(error));
          failed(error);
          before = clock();
        }
      }
      keepBooks();
      await turn();
    }
  }

  // Waits for a call that has begun, and counts it.
  async settle(promise, before) {
    this.inFlight += 1;
    try {
      await inTime(promise, this.timeout_ns);
      this.ended(clock() - before);
    } catch (error) {
      if (error === LATE) {
        this.ended(Math.max(clock() - before, this.timeout_ns + 1));
      } else {
        this.tally.error(nameOf(error));
        failed(error);
      }
    }
    this.inFlight -= 1;
  }

  async callAsync(number) {
    let until = clock() + SLICE_NS;
    while (await this.gate(number)) {
      const i = this.taken();
      this.tally.fired += 1;
      const before = clock();
      await this.settle(begun(i), before);
      if (clock() > until) { // calls that never wait must not keep the others from theirs
        keepBooks();
        await turn();
        until = clock() + SLICE_NS;
      }
    }
  }

  // The number of the next call; one that is given is the same for all.
  taken() {
    const i = this.next++;
    return this.number ?? i;
  }

  ended(latency) {
    if (latency > this.timeout_ns) this.tally.error("timeout");
    else this.tally.ok += 1;
    this.tally.latency("service", latency);
  }

  take() {
    if (this.startUsers !== this.endUsers) {
      const share = this.duration_ns !== null
        ? (clock() - this.beganNs) / this.duration_ns
        : (this.next - this.first) / this.ops;
      const span = this.endUsers - this.startUsers;
      this.wanted = Math.max(1, Math.round(this.startUsers + span * Math.min(share, 1)));
    }
    return this.tally.take();
  }

  tellEnd() {
    reply("ended", { epoch: this.epoch, at_ns: Math.round(clock()) });
  }
}

// One call, as a promise even where the function throws before it gives one back.
async function begun(i) {
  return fn.op(i);
}

const LATE = Symbol("late");

// The promise's own result, or LATE. One timer serves a call that waits; one that does not wait is
// over before it could fire.
function inTime(promise, timeoutNs) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(LATE), Math.min(timeoutNs / 1e6, 2 ** 31 - 1));
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Arrivals at their times, whatever the calls before them are doing.
class Open {
  constructor(order) {
    Object.assign(this, order);
    this.due = []; // [tally, time], in order; those before head have been taken
    this.head = 0;
    this.tallies = [];
    this.isComplete = this.isOver = false;
    this.endsNs = Infinity;
    this.inFlight = 0;
    this.next = order.first;
  }

  add(order) {
    let tally = this.tallies[this.tallies.length - 1];
    if (!tally || tally.epoch !== order.epoch) {
      tally = new Tally(order.epoch);
      this.tallies.push(tally);
    }
    for (const offset of order.at_ns) this.due.push([tally, order.from_ns + offset]);
    this.isComplete = this.isComplete || order.last;
  }

  cancel() {
    this.isOver = this.isComplete = true;
  }

  async run() {
    toldNs = Math.round(clock());
    while (!this.isOver) {
      if (this.head >= this.due.length) {
        if (this.isComplete && !this.inFlight) break;
        await sleep(this.isComplete ? 2 : NAP_MS);
        keepBooks();
        continue;
      }
      const leftMs = (this.due[this.head][1] - clock()) / 1e6;
      if (leftMs > 0) {
        // Timers are late by up to a millisecond; the last one is spent in turns of the loop.
        if (leftMs > 1.5) await sleep(Math.min(leftMs - 1.5, NAP_MS));
        else await turn();
        keepBooks();
        continue;
      }
      const [tally, dueNs] = this.due[this.head++];
      if (this.head > 4096) {
        this.due.splice(0, this.head);
        this.head = 0;
      }
      const number = this.next++;
      if (this.inFlight >= this.max_in_flight) tally.dropped += 1;
      else await this.call(tally, dueNs, number);
    }
  }

  // Begins a call; a plain one is over when this gives back, an async one need not be.
  async call(tally, dueNs, number) {
    const firedNs = clock();
    tally.fired += 1;
    const ended = (isLate = false) => {
      const now = clock();
      if (isLate || now - firedNs > this.timeout_ns) tally.error("timeout");
      else tally.ok += 1;
      tally.latency("response", now - dueNs);
      tally.latency("service", now - firedNs);
      tally.latency("slip", Math.max(0, firedNs - dueNs));
    };
    const broke = (error) => {
      if (error === LATE) return ended(true);
      tally.error(nameOf(error));
      failed(error);
    };
    const wait = (promise) => {
      this.inFlight += 1;
      inTime(promise, this.timeout_ns)
        .then(() => ended(), broke)
        .finally(() => { this.inFlight -= 1; });
    };
    if (fn.isAsync) return wait(begun(number));
    try {
      const given = fn.op(number);
      if (isPromise(given)) {
        fn.isAsync = true;
        return wait(given);
      }
      ended();
    } catch (error) {
      broke(error);
    }
    keepBooks();
    if (clock() - this.yieldedNs > SLICE_NS || !this.yieldedNs) {
      await turn();
      this.yieldedNs = clock();
    }
  }

  take() {
    return this.tallies.flatMap((tally) => tally.take());
  }

  tellEnd() {
    reply("drained", { at_ns: Math.round(clock()) });
  }
}

async function carry(what) {
  if (!what.isOver) {
    load = what;
    const timer = setInterval(keepBooks, NAP_MS);
    await what.run();
    clearInterval(timer);
    load = null;
    tell(what);
  }
  what.tellEnd();
}

async function quieten() {
  if (global.gc) global.gc();
  const heap = v8.getHeapStatistics();
  reply("described", {
    probe: "heap",
    facts: {
      used_bytes: heap.used_heap_size,
      external_bytes: heap.external_memory,
      malloced_bytes: heap.malloced_memory,
      contexts: heap.number_of_native_contexts,
      detached_contexts: heap.number_of_detached_contexts,
    },
  });
  await tellState();
  reply("quiet");
}

const queue = [];
let isWorking = false;

async function work() {
  if (isWorking) return;
  isWorking = true;
  while (queue.length) await queue.shift()();
  isWorking = false;
}

const waiting = new Set(); // loads in the queue

function takeOrder(order) {
  zeroNs = order.zero_ns ?? zeroNs;
  if (order.do === "run" || order.do === "open") {
    const what = order.do === "run" ? new Closed(order) : new Open(order);
    if (order.do === "open") open = what;
    waiting.add(what);
    queue.push(() => {
      waiting.delete(what);
      return carry(what);
    });
  } else if (order.do === "due") {
    if (open) open.add(order);
  } else if (order.do === "stop") {
    for (const what of waiting) what.cancel();
    if (load) load.cancel();
  } else if (order.do === "load") {
    queue.push(() => setUp(order));
  } else if (order.do === "size") {
    queue.push(() => resize(order.value));
  } else if (order.do === "quiet") {
    queue.push(quieten);
  }
  work();
}

let buffer = "";
const commands = new net.Socket({ fd: commandsFd, readable: true, writable: false });
commands.setEncoding("utf8");
commands.on("data", (chunk) => {
  const lines = (buffer + chunk).split("\n");
  buffer = lines.pop();
  for (const line of lines) takeOrder(JSON.parse(line));
});
commands.on("end", () => process.exit(0));
commands.on("error", () => process.exit(1));
