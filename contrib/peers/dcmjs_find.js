// Queries with dcmjs-dimse, each over an association of its own.
//
//   node dcmjs_find.js HOST PORT CALLED_AE < QUERIES
//
// QUERIES is a JSON list of {level, keys}, keys by keyword. Says one JSON line per query: {status,
// answers}, of each answer its elements by keyword. NODE_PATH names the modules.
'use strict';

const fs = require('fs');
const dimse = require('dcmjs-dimse');
const { Client, requests } = dimse;

dimse.log.setLevel('error');

const MAKERS = {
  STUDY: requests.CFindRequest.createStudyFindRequest,
  SERIES: requests.CFindRequest.createSeriesFindRequest,
  IMAGE: requests.CFindRequest.createImageFindRequest,
};

function ask(host, port, calledAe, { level, keys }) {
  return new Promise((resolve) => {
    const request = MAKERS[level](keys);
    const answers = [];
    let status = null;
    request.on('response', (response) => {
      status = response.getStatus();
      if (response.hasDataset()) answers.push(response.getDataset().getElements());
    });
    const client = new Client();
    const end = (error) => resolve({ status, answers, error: error && String(error) });
    client.on('closed', () => end());
    client.on('associationRejected', () => end('rejected'));
    client.on('networkError', end);
    client.addRequest(request);
    client.send(host, Number(port), 'DCMJS', calledAe);
  });
}

async function main() {
  const [host, port, calledAe] = process.argv.slice(2);
  const queries = JSON.parse(fs.readFileSync(0, 'utf-8'));
  for (const query of queries) {
    const said = await ask(host, port, calledAe, query);
    process.stdout.write(`${JSON.stringify(said)}\n`);
  }
}

main();
