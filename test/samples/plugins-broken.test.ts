import { SampleProcess } from '../support/sample-process';

/** Out: the exit code, what was printed, and what was said of the failure. */
async function fail(environment: Record<string, string>): Promise<readonly [number | string, string, string]> {
  const sample = SampleProcess.sample('plugins', { ADMIN_TOKEN: 'secret', ...environment });
  return [await sample.exited, sample.stdout, sample.stderr];
}

describe('the sample plugins with a mistake in it', () => {
  it.each([
    [
      'missing',
      'PLUGIN_NOT_LOADED',
      /Backups in BackupPlugin needs storage-plugin\.storage .* no plugin .* storage-plugin is loaded/,
    ],
    ['cycle', 'PLUGIN_CYCLE', /(ChickenPlugin \(\S+cycle\.plugins\.ts\) → EggPlugin|EggPlugin \(\S+\) → ChickenPlugin)/],
    ['version', 'SERVICE_VERSION_UNSATISFIED', /auth-plugin\.auth \^3 .* there is 2\.0\.0 and 1\.4\.0\. Widen the range/],
    ['shape', 'SERVICE_CONTRACT_BROKEN', /ArchivePlugin exports Archive .* lacks the method take\./],
    ['typo', 'SERVICE_UNKNOWN', /auth-plugin\.auht .* exports only "auth"\. Did you mean "auth"\?/],
  ])('BROKEN=%s does not start, and says %s and the way out', async (which, code, message) => {
    const [exit, printed, said] = await fail({ BROKEN: which });
    expect([exit, printed]).toEqual([1, '']);
    const [first] = said.split('\n');
    expect(first).toMatch(new RegExp(`^${code}: `));
    expect(first).toMatch(message);
    // The mistake, and no stack.
    expect(said).not.toMatch(/\n\s+at /);
  });

  it('says which mistakes there are when asked for another', async () => {
    const [exit, , said] = await fail({ BROKEN: 'everything' });
    expect(exit).toBe(1);
    expect(said).toContain('BROKEN takes missing, cycle, version, shape, typo, not "everything".');
  });

  it('does not start with a secret that is too short, and does not tell it', async () => {
    const [exit, printed, said] = await fail({ AUTH_SECRET: 'hush-hush' });
    expect([exit, printed]).toEqual([1, '']);
    expect(said).toMatch(/CONFIG_INVALID: The configuration of auth-plugin@(1\.4|2\.0)\.0 is not valid: secret /);
    expect(said).not.toContain('hush-hush');
  });
});
