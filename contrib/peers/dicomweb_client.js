// Stores a study with dicomweb-client, and has all of it back, in every way there is.
//
//   node dicomweb_client.js URL STUDY_INSTANCE_UID FILE...
//
// Says one JSON object: {stored, studies, series, instances, metadata, files, alone, frames}: files
// of the study, one instance by itself, and the first frame of each of `instances`, all in base64.
// NODE_PATH names the modules; xhr2 stands for the XMLHttpRequest of a browser.
'use strict';

const fs = require('fs');

global.XMLHttpRequest = require('xhr2');

const { DICOMwebClient } = require('dicomweb-client').api;

const base64 = (buffer) => Buffer.from(buffer).toString('base64');
const uidOf = (entity, tag) => entity[tag].Value[0];

function urlOf(studyInstanceUID, instance) {
  return {
    studyInstanceUID,
    seriesInstanceUID: uidOf(instance, '0020000E'),
    sopInstanceUID: uidOf(instance, '00080018'),
  };
}

async function frameOf(client, instance) {
  const [frame] = await client.retrieveInstanceFrames({
    ...instance,
    frameNumbers: [1],
    mediaTypes: [{ mediaType: 'application/octet-stream', transferSyntaxUID: '*' }],
  });
  return base64(frame);
}

async function main([url, studyInstanceUID, ...files]) {
  const client = new DICOMwebClient({ url });
  const datasets = files.map((file) => Uint8Array.from(fs.readFileSync(file)).buffer);
  const stored = await client.storeInstances({ datasets });
  const queryParams = { StudyInstanceUID: studyInstanceUID };
  const studies = await client.searchForStudies({ queryParams });
  const series = await client.searchForSeries({ studyInstanceUID });
  const instances = await client.searchForInstances({ studyInstanceUID });
  const metadata = await client.retrieveStudyMetadata({ studyInstanceUID });
  const parts = await client.retrieveStudy({ studyInstanceUID });
  const urls = instances.map((instance) => urlOf(studyInstanceUID, instance));
  const alone = await client.retrieveInstance(urls[0]);
  const frames = [];
  for (const each of urls) frames.push(await frameOf(client, each));
  const said = { stored, studies, series, instances, metadata, frames };
  console.log(JSON.stringify({ ...said, files: parts.map(base64), alone: base64(alone) }));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`${error.message} ${error.status || ''}`);
  process.exitCode = 1;
});
