// A DICOM peer built on dcmjs-dimse, for the interoperability tests.
//
//   node dcmjs_dimse.js echo HOST PORT CALLED_AE
//   node dcmjs_dimse.js store HOST PORT CALLED_AE FILE...
//   node dcmjs_dimse.js scp
//
// The SCU says one JSON line per response, the SCP one with its port; NODE_PATH names the modules.
'use strict';

const dimse = require('dcmjs-dimse');
const { Client, Scp, Server, requests, responses, constants } = dimse;

dimse.log.setLevel('error');

function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function fail(error) {
  process.stderr.write(`${error}\n`);
  process.exitCode = 1;
}

function call(host, port, calledAe, wanted) {
  const client = new Client();
  wanted.forEach((request) => {
    request.on('response', (response) => say({ status: response.getStatus() }));
    client.addRequest(request);
  });
  client.on('associationRejected', (rejection) => fail(`rejected: ${JSON.stringify(rejection)}`));
  client.on('networkError', fail);
  client.send(host, Number(port), 'DCMJS', calledAe);
}

class EchoScp extends Scp {
  associationRequested(association) {
    association.getPresentationContexts().forEach(({ id }) => {
      const context = association.getPresentationContext(id);
      context.setResult(constants.PresentationContextResult.Accept, context.getTransferSyntaxUids()[0]);
    });
    this.sendAssociationAccept();
  }

  cEchoRequest(request, callback) {
    const response = responses.CEchoResponse.fromRequest(request);
    response.setStatus(constants.Status.Success);
    callback(response);
  }

  associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }
}

function serve() {
  const server = new Server(EchoScp);
  server.on('networkError', fail);
  server.listen(0);
  server.server.on('listening', () => say({ port: server.server.address().port }));
}

const [mode, host, port, calledAe, ...files] = process.argv.slice(2);
if (mode === 'echo') {
  call(host, port, calledAe, [new requests.CEchoRequest()]);
} else if (mode === 'store') {
  call(host, port, calledAe, files.map((file) => new requests.CStoreRequest(file)));
} else {
  serve();
}
