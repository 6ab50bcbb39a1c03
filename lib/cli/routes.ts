import type { ReportedRoute } from '../application/inspect-application';
import type { Run } from './command';
import { inspectProgram } from './load-program';
import { explainMistakes } from './mistakes';
import { say, sayJson, tell, toTable } from './terminal';

const HEAD = ['METHOD', 'PATH', 'HANDLER', 'MODULE', 'GUARDS', 'TIMEOUT', 'BREAKER', 'PUSH', 'MORE'];

/** What has a column of its own. */
const COLUMNS = ['breaker', 'push'];

/** `rockstar routes` */
export const run: Run = async (input, terminal) => {
  const { routes, mistakes } = await inspectProgram(terminal);
  if (input.flag('json')) sayJson(terminal, { routes, mistakes });
  else {
    say(terminal, routes.length === 0 ? 'There are no routes.' : toTable(HEAD, routes.map(rowOf)));
    if (mistakes.length > 0) tell(terminal, `\n${explainMistakes(mistakes)}`);
  }
  return mistakes.length === 0 ? 0 : 1;
};

function rowOf({ method, path, place, module, plugin, guards, timeoutMs, notes }: ReportedRoute): string[] {
  const more = Object.entries(notes).filter(([kind]) => !COLUMNS.includes(kind));
  return [
    method === '*' ? 'ALL' : method,
    path,
    place,
    plugin ?? module,
    guards.join(', '),
    timeoutMs === 0 ? 'none' : `${timeoutMs} ms`,
    ...COLUMNS.map((kind) => notes[kind]?.join(', ') ?? ''),
    more.map(([kind, texts]) => `${kind} ${texts.join(', ')}`).join('; '),
  ];
}
