// The upload of receipts: kept in a folder while they are read, then removed. Takes the port.
"use strict";

const fs = require("fs");
const express = require("express");
const multer = require("multer");

const folder = process.env.UPLOADS;
fs.mkdirSync(folder, { recursive: true });

const app = express();
const upload = multer({ dest: folder });

app.get("/healthz", (request, response) => response.send("ok"));
app.post("/receipts", upload.single("scan"), (request, response) => {
  fs.unlink(request.file.path, () => {});
  response.status(201).send("ok");
});
app.use((error, request, response, next) => response.status(400).end("bad"));
app.listen(Number(process.argv[2]), "127.0.0.1");
