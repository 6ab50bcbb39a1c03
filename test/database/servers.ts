import { execFileSync } from 'node:child_process';
import type { DatabaseOptions } from '../../lib/database/database-options';

/** Where the tests look for a real server: any PostgreSQL will do, they make their own tables and remove them. */
export const SERVER_URL = process.env.TEST_DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';

const TRY = `
const { Client } = require('pg');
const client = new Client({ connectionString: process.argv[1], connectionTimeoutMillis: 2000 });
client.connect().then(() => client.end()).catch(() => process.exit(1));
`;

/** Whether a real server answers; asked before the tests are made. */
export const hasServer = ((): boolean => {
  try {
    execFileSync(process.execPath, ['-e', TRY, SERVER_URL], { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
})();

/** Each database the same tests run against. */
export const databases: readonly (readonly [string, DatabaseOptions])[] = [
  ['the embedded database', { url: 'embedded' }],
  ...(hasServer ? ([['a PostgreSQL server', { url: SERVER_URL }]] as const) : []),
];

/** The tests that need a real server; where none answers, one test in their place says so. */
export function describeServer(title: string, tests: () => void): void {
  if (hasServer) describe(title, tests);
  else
    it(`${title}: is not tried here, as no PostgreSQL answers at ${new URL(SERVER_URL).host} (TEST_DATABASE_URL)`, () =>
      expect(hasServer).toBe(false));
}

/** The server's address, with a name that its connections are known by in `pg_stat_activity`. */
export function urlAs(applicationName: string, url = SERVER_URL): string {
  const named = new URL(url);
  named.searchParams.set('application_name', applicationName);
  return named.href;
}
