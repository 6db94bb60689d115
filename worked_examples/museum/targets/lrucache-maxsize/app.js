// The session service: sessions in a cache that is bounded by its size, not by their number.
"use strict";

const LRU = require("lru-cache");

const NEW = 20;
const sessions = new LRU({ maxSize: 1000, sizeCalculation: () => 1 });

exports.op = async (i) => {
  for (let k = 0; k < NEW; k += 1) {
    sessions.set(`session-${i}-${k}`, { id: i, cart: "x".repeat(50) + i });
  }
  const last = sessions.get(`session-${i}-${NEW - 1}`);
  if (!last || last.id !== i) throw new Error(`session ${i} is not in the cache`);
};
