import type { ApplicationReport } from '../application/inspect-application';
import type { Run } from './command';
import { inspectProgram } from './load-program';
import { explainMistakes } from './mistakes';
import { say, sayJson, tell } from './terminal';

/** `rockstar check` */
export const run: Run = async (input, terminal) => {
  const report = await inspectProgram(terminal);
  const { mistakes } = report;
  if (input.flag('json')) sayJson(terminal, { ok: mistakes.length === 0, ...countsOf(report), mistakes });
  else if (mistakes.length > 0) tell(terminal, explainMistakes(mistakes));
  else say(terminal, `Nothing is wrong: ${sentenceOf(countsOf(report))}.`);
  return mistakes.length === 0 ? 0 : 1;
};

interface Counts {
  readonly modules: number;
  readonly plugins: number;
  readonly providers: number;
  readonly services: number;
  readonly routes: number;
}

function countsOf({ modules, routes }: ApplicationReport): Counts {
  const plugins = modules.filter(({ plugin }) => plugin !== undefined).length;
  const providers = modules.reduce((sum, module) => sum + module.providers.length, 0);
  const services = modules.reduce((sum, module) => sum + module.services.length, 0);
  return { modules: modules.length, plugins, providers, services, routes: routes.length };
}

function sentenceOf({ modules, plugins, providers, services, routes }: Counts): string {
  const some = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
  const ofThem = plugins === 0 ? '' : ` (${some(plugins, 'plugin')})`;
  const offered = services === 0 ? '' : `, ${some(services, 'service')}`;
  return `${some(modules, 'module')}${ofThem}, ${some(providers, 'provider')}${offered}, ${some(routes, 'route')}`;
}
