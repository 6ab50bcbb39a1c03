import type { Run } from './command';
import { examineHttp2, examineNode, examineProject, type Finding } from './doctor-checks';
import { examineEnvironment } from './doctor-environment';
import { findProject, type Project } from './project';
import { readPort } from './start-app';
import { say, sayJson, tell, type Terminal } from './terminal';

const MARKS: Readonly<Record<Finding['state'], string>> = { fine: 'ok   ', warning: 'warn ', failure: 'FAIL ' };

/** `rockstar doctor` */
export const run: Run = async (input, terminal) => {
  const environment = await examineEnvironment(terminal.env, readPort(input.value('port')));
  const machine = [examineNode(process.versions.node), ...environment, await examineHttp2()];
  const findings = [...machine, ...examineApplication(terminal)];
  const failed = findings.some(({ state }) => state === 'failure');
  if (input.flag('json')) sayJson(terminal, { ok: !failed, findings });
  else {
    const width = Math.max(...findings.map(({ what }) => what.length));
    for (const { state, what, text } of findings) say(terminal, `${MARKS[state]} ${what.padEnd(width)}  ${text}`);
    if (failed) tell(terminal, '\nWhat is marked FAIL keeps an application from working as it should.');
  }
  return failed ? 1 : 0;
};

function examineApplication({ cwd }: Terminal): Finding[] {
  let project: Project;
  try {
    project = findProject(cwd);
  } catch (error) {
    return [{ what: 'application', state: 'warning', text: (error as Error).message }];
  }
  return examineProject(project);
}
