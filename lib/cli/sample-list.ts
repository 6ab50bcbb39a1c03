import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean } from './did-you-mean';
import { cliErrors, usageErrors } from './errors';
import { packageFolder } from './package-folder';
import { CONFIG_FILE, readJsonFile } from './project';

/** A sample as nest-like-cli.json of the package lists it. */
export interface Sample {
  readonly name: string;
  readonly description: string;
  readonly port: number;
  /** From the folder of the package. */
  readonly path: string;
}

/** The samples that came with the package. Fails with: CLI_PACKAGE_INCOMPLETE. */
export function readSamples(): readonly Sample[] {
  const file = join(packageFolder, CONFIG_FILE);
  if (!existsSync(file)) throw incomplete(CONFIG_FILE);
  return readJsonFile(file).samples as Sample[];
}

/** Finds a sample by its name. Fails with: USAGE_SAMPLE_UNKNOWN, CLI_PACKAGE_INCOMPLETE. */
export function findSample(name: string): Sample {
  const samples = readSamples();
  const sample = samples.find((one) => one.name === name);
  const known = samples.map((one) => one.name);
  if (sample === undefined) throw usageErrors.USAGE_SAMPLE_UNKNOWN({ name, wayOut: didYouMean(name, known) });
  if (!existsSync(join(packageFolder, sample.path))) throw incomplete(sample.path);
  return sample;
}

function incomplete(missing: string): Error {
  return cliErrors.CLI_PACKAGE_INCOMPLETE({ missing, folder: packageFolder, wayOut: 'Install rockstar-web anew.' });
}
