import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, readJson } from './checkout';

interface SampleEntry {
  readonly name: string;
  readonly description: string;
  readonly port: number;
  readonly path: string;
}

describe('the list of samples in nest-like-cli.json', () => {
  const { samples } = readJson<{ samples: SampleEntry[] }>('nest-like-cli.json');

  it('names the folders of samples/, no more and no fewer', () => {
    const folders = readdirSync(join(ROOT, 'samples'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(samples.map(({ path }) => path).sort()).toEqual(folders.map(({ name }) => `samples/${name}`).sort());
  });

  it('says of each its name, what it shows and where it listens', () => {
    for (const { name, description, port, path } of samples) {
      expect(path).toBe(`samples/${name}`);
      expect(description).toMatch(/^\S.*\S$/);
      expect(port).toBeGreaterThan(1_023);
    }
    expect(new Set(samples.map(({ port }) => port)).size).toBe(samples.length);
  });

  it('leads to apps: each has a package.json of its own and a main file', () => {
    const incomplete = samples.filter(
      ({ path }) => !['package.json', 'src/main.ts'].every((file) => existsSync(join(ROOT, path, file))),
    );
    expect(incomplete.map(({ name }) => name)).toEqual([]);
  });
});
