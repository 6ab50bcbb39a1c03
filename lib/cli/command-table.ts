import type { ArgumentDefinition, CommandDefinition, OptionDefinition } from './command';

const JSON_OPTION: OptionDefinition = { name: 'json', text: 'as JSON, for programs' };
const KINDS = ['controller', 'plugin', 'service', 'guard'] as const;

const NAME: ArgumentDefinition = { name: 'name', text: 'what it is called, e.g. users or billing/invoices (a folder of src)' };

/* eslint-disable @typescript-eslint/no-require-imports -- a command is loaded when it is called: --help loads nothing */

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'new',
    short: 'n',
    summary: 'Makes an application of a sample, and installs what it needs',
    details: [
      'Asks for what is not said. Nothing is left behind when it fails or is interrupted.',
      'The folder must be empty, or not exist yet; its name becomes that of the package.',
    ],
    arguments: [{ name: 'dir', text: 'the folder to make it in' }],
    options: [
      { name: 'sample', short: 's', value: 'name', text: 'which one (rockstar samples lists them)' },
      {
        name: 'package-manager',
        short: 'p',
        value: 'name',
        choices: ['npm', 'pnpm', 'yarn'],
        text: 'what installs; default: what started this command, else npm',
      },
      { name: 'no-install', text: 'write the files, and install nothing' },
      {
        name: 'framework',
        value: 'what',
        text: 'which rockstar-web: a version or a packed .tgz; default: the one that runs this command',
      },
    ],
    inApp: false,
    load: () => (require('./make-app') as typeof import('./make-app')).run,
  },
  {
    name: 'samples',
    summary: 'Lists the samples that new makes applications of',
    arguments: [],
    options: [JSON_OPTION],
    inApp: false,
    load: () => (require('./list-samples') as typeof import('./list-samples')).run,
  },
  {
    name: 'generate',
    short: 'g',
    summary: 'Writes a controller, plugin, service or guard with its test, and registers it in a module',
    details: ['Nothing that is there is written over, and nothing is written when the module cannot be changed.'],
    arguments: [{ name: KINDS.join('|'), text: 'what to make' }, NAME],
    options: [
      { name: 'module', short: 'm', value: 'file', text: 'the file of the module to register it in; default: the nearest one' },
      { name: 'no-register', text: 'write the files alone' },
      { name: 'no-test', text: 'write no test' },
      { name: 'dry-run', short: 'd', text: 'say what would be done, and do nothing' },
      { name: 'package', text: 'a plugin as a package of its own, in a new folder, to be installed into applications' },
      { name: 'framework', value: 'what', text: 'with --package: which rockstar-web it is made with, as for new' },
    ],
    inApp: true,
    load: () => (require('./generate') as typeof import('./generate')).run,
  },
  {
    name: 'start',
    short: 's',
    summary: 'Starts the application from source',
    details: ['HOST, PORT and the rest of the environment are read as by npm start. What stands behind -- goes to the program.'],
    arguments: [],
    options: [
      { name: 'watch', short: 'w', text: 'start it again when a source file changes' },
      { name: 'port', value: 'number', text: 'sets PORT; 0: any free one' },
    ],
    inApp: true,
    load: () => (require('./start-app') as typeof import('./start-app')).run,
  },
  {
    name: 'build',
    short: 'b',
    summary: 'Compiles the application to dist/, with what lies beside the sources',
    details: ['By tsconfig.build.json, else by tsconfig.json. node dist/main.js starts what was built.'],
    arguments: [],
    options: [],
    inApp: true,
    load: () => (require('./build-app') as typeof import('./build-app')).run,
  },
  {
    name: 'routes',
    summary: 'Lists the routes, with guards, time-outs, pushes, breakers and plugin',
    arguments: [],
    options: [JSON_OPTION],
    inApp: true,
    load: () => (require('./routes') as typeof import('./routes')).run,
  },
  {
    name: 'graph',
    summary: 'Draws the modules and plugins, and who uses what of whom',
    arguments: [],
    options: [
      { name: 'format', short: 'f', value: 'name', choices: ['text', 'mermaid', 'json'], text: 'how to draw it; default: text' },
      { name: 'json', text: 'the same as --format json' },
    ],
    inApp: true,
    load: () => (require('./graph') as typeof import('./graph')).run,
  },
  {
    name: 'check',
    summary: 'Finds every wiring mistake without starting; exit code 1 when there is one',
    arguments: [],
    options: [JSON_OPTION],
    inApp: true,
    load: () => (require('./check') as typeof import('./check')).run,
  },
  {
    name: 'doctor',
    summary:
      'Looks at what an application stands on: Node, compiler settings, double packages, environment, port, certificate and HTTP/2',
    arguments: [],
    options: [{ name: 'port', value: 'number', text: 'the port to look at; default: PORT, else 3000' }, JSON_OPTION],
    inApp: true,
    load: () => (require('./doctor') as typeof import('./doctor')).run,
  },
  {
    name: 'info',
    short: 'i',
    summary: 'Tells the versions of what is installed, for a report of a problem',
    arguments: [],
    options: [JSON_OPTION],
    inApp: true,
    load: () => (require('./info') as typeof import('./info')).run,
  },
];
