import { randomBytes } from 'node:crypto';

/**
 * A token from the environment; where it is not set, one made at random for this run and written to stdout, so that
 * whoever started the application has it, and nobody else.
 *
 * In: the variable's name, e.g. `ADMIN_TOKEN`; `print`, to write it elsewhere. Out: the token.
 */
export function environmentToken(
  name: string,
  print: (line: string) => void = (line) => void process.stdout.write(`${line}\n`),
): string {
  const given = process.env[name];
  if (given !== undefined && given !== '') return given;
  const token = randomBytes(24).toString('base64url');
  print(`${name} is not set; for this run it is ${token}`);
  return token;
}
