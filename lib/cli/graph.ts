import type { Run } from './command';
import { toMermaid } from './graph-as-mermaid';
import { toText } from './graph-as-text';
import { inspectProgram } from './load-program';
import { explainMistakes } from './mistakes';
import { say, sayJson, tell } from './terminal';

/** `rockstar graph` */
export const run: Run = async (input, terminal) => {
  const report = await inspectProgram(terminal);
  const { root, modules, mistakes } = report;
  const format = input.flag('json') ? 'json' : (input.value('format') ?? 'text');
  if (format === 'json') sayJson(terminal, { root, modules, mistakes });
  else {
    say(terminal, format === 'mermaid' ? toMermaid(report) : toText(report));
    if (mistakes.length > 0) tell(terminal, `\n${explainMistakes(mistakes)}`);
  }
  return mistakes.length === 0 ? 0 : 1;
};
