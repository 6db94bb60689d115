// The login's protection: who has failed five times is locked out for a long time.
"use strict";

const Brute = require("express-brute");

const store = new Brute.MemoryStore();
const DAY_S = 24 * 3600;
const FAILURES = 5;
let lifetime = DAY_S;

exports.setup = ({ lockout_days }) => {
  lifetime = lockout_days * DAY_S;
};

const ask = (user) => new Promise((resolve, reject) => {
  store.get(user, (error, entry) => (error ? reject(error) : resolve(entry)));
});

exports.op = async (i) => {
  const user = `user${i}`;
  await new Promise((resolve, reject) => {
    const entry = { count: FAILURES, lastRequest: new Date() };
    store.set(user, entry, lifetime, (error) => (error ? reject(error) : resolve()));
  });
  await new Promise((resolve) => setTimeout(resolve, 4)); // the next try of an impatient robot
  const entry = await ask(user);
  if (!entry || entry.count !== FAILURES) throw new Error(`${user} is not locked out any more`);
};
