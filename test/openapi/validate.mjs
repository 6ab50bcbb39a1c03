// Asks the public validator about documents: a list of them on stdin, a list of what is wrong with each on stdout.
// It is a process of its own because the validator is an ES module, which the test runner cannot load on Node 20.
import { Validator } from '@seriousme/openapi-schema-validator';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const results = [];
for (const document of JSON.parse(Buffer.concat(chunks).toString('utf8'))) {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(document);
  results.push(valid ? [] : [errors].flat());
}
process.stdout.write(JSON.stringify(results));
