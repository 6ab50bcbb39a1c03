import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../architecture/checkout';

it('a time limit that somebody waits for comes, also where nothing else holds the process', () => {
  const compile = join(ROOT, 'samples/compile.cjs');
  const told = execFileSync(process.execPath, ['--require', compile, join(ROOT, 'test/support/fixtures/awaited-limits.ts')], {
    encoding: 'utf8',
  });
  expect(told.split('\n').filter(Boolean)).toEqual([
    'call: BREAKER_TIMEOUT',
    'call$: BREAKER_TIMEOUT',
    'policy: BREAKER_TIMEOUT',
    'retry: call 2',
    'bulkhead: BULKHEAD_WAIT_TIMEOUT',
    'service: SERVICE_TIMEOUT',
    'request: 504',
  ]);
});
