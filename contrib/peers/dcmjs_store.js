// Stores files with dcmjs-dimse, each over an association of its own, come what may.
//
//   node dcmjs_store.js HOST PORT CALLED_AE FILE...
//
// Says one JSON line per file: {file, status} as answered, or {file, error} where dcmjs read the
// file in such a way that there is nothing to send. NODE_PATH names the modules.
'use strict';

const vm = require('vm');
const dimse = require('dcmjs-dimse');
const { Client, requests } = dimse;

dimse.log.setLevel('error');

const MAX_ENCODING_MS = 3000; // some data sets it writes without end

function load(file) {
  const request = new requests.CStoreRequest(file);
  request.loadFullDatasetIfNeeded();
  request.needsFullDatasetLoading = false;
  const dataset = request.getDataset();
  const elements = dataset.getElements();
  if (!elements.SOPClassUID || !elements.SOPInstanceUID) {
    throw new Error('no SOP class or instance');
  }
  const encode = () => dataset.getDenaturalizedDataset();
  vm.runInNewContext('encode()', { encode }, { timeout: MAX_ENCODING_MS });
  return request;
}

function store(host, port, calledAe, request) {
  return new Promise((resolve) => {
    const client = new Client();
    let outcome = { error: 'no answer' };
    request.on('response', (response) => {
      outcome = { status: response.getStatus() };
    });
    client.on('associationRejected', () => {
      outcome = { error: 'association rejected' };
    });
    client.on('networkError', (error) => {
      outcome = { error: error.message };
    });
    client.on('closed', () => resolve(outcome));
    client.addRequest(request);
    client.send(host, Number(port), 'DCMJS', calledAe);
  });
}

async function main([host, port, calledAe, ...files]) {
  for (const file of files) {
    let outcome;
    try {
      outcome = await store(host, port, calledAe, load(file));
    } catch (error) {
      outcome = { error: error.message };
    }
    process.stdout.write(`${JSON.stringify({ file, ...outcome })}\n`);
  }
}

main(process.argv.slice(2));
