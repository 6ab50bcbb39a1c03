import type { Run } from './command';
import { readSamples } from './sample-list';
import { say, sayJson, toTable } from './terminal';

/** `rockstar samples` */
export const run: Run = async (input, terminal) => {
  const samples = readSamples();
  if (input.flag('json')) {
    sayJson(
      terminal,
      samples.map(({ name, description, port }) => ({ name, description, port })),
    );
    return 0;
  }
  say(
    terminal,
    toTable(
      ['SAMPLE', 'PORT', 'SHOWS'],
      samples.map(({ name, description, port }) => [name, String(port), description]),
    ),
  );
  say(terminal, '\nrockstar new <dir> --sample <name> makes an application of one.');
  return 0;
};
