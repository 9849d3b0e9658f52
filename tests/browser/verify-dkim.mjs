// Verifies signed letters with mailauth. Arguments: a folder with .eml files and records.json, which holds what the DNS says.
// Prints a line a letter: its name and the result of each signature.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const [folder, modules] = process.argv.slice(2);
const { dkimVerify } = createRequire(path.join(modules, 'index.js'))('mailauth/lib/dkim/verify');
const records = JSON.parse(fs.readFileSync(path.join(folder, 'records.json'), 'utf8'));
const resolver = async (name, type) => {
  if (type !== 'TXT' || !records[name]) throw Object.assign(new Error(`no ${type} of ${name}`), { code: 'ENOTFOUND' });
  return [[records[name]]];
};
for (const name of fs.readdirSync(folder).filter((name) => name.endsWith('.eml')).sort()) {
  const { results } = await dkimVerify(fs.readFileSync(path.join(folder, name)), { resolver, curTime: new Date('2030-01-01') });
  console.log([name, ...results.map((result) => (result.status.result === 'pass' ? 'pass' : 'fail'))].join(' '));
}
