// The nightly import: one long transaction, fed with cursor statements that return no rows.
"use strict";

const { Client } = require("pg");
const Cursor = require("pg-cursor");

const DSN = process.env.MUSEUM_DSN || "postgresql://postgres@127.0.0.1:5432/postgres";
const client = new Client({ connectionString: DSN });

exports.setup = async () => {
  await client.connect();
  await client.query("create temporary table imported (id int)");
  await client.query("begin");
};

exports.op = (i) => new Promise((resolve, reject) => {
  const cursor = client.query(new Cursor("insert into imported select 1 where false"));
  cursor.read(10, (error, rows) => {
    if (error) reject(error);
    else if (rows.length) reject(new Error(`statement ${i} returned rows`));
    else cursor.close(() => resolve());
  });
});
