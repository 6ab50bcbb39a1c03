import { defineErrors } from '../errors/define-error';

/** What is wrong with how a command was typed; the CLI ends with exit code 2. */
export const usageErrors = defineErrors({
  USAGE_COMMAND_UNKNOWN: { message: 'There is no command {name}. {wayOut}' },
  USAGE_OPTION_UNKNOWN: { message: '{command} does not know {option}. {wayOut}' },
  USAGE_OPTION_INVALID: { message: '{option} takes {expected}, got {got}.' },
  USAGE_ARGUMENT_MISSING: { message: '{what} Give {argument}: there is no terminal to ask.' },
  USAGE_ARGUMENT_SURPLUS: { message: '{command} takes {expected}, got {got} besides.' },
  USAGE_KIND_UNKNOWN: { message: 'rockstar generate makes no {kind}. {wayOut}' },
  USAGE_SAMPLE_UNKNOWN: { message: 'There is no sample {name}. {wayOut}' },
  USAGE_NAME_INVALID: { message: '"{name}" cannot be the name of {what}: {reason}. {wayOut}' },
});

/** What a command fails with; the CLI ends with exit code 1. */
export const cliErrors = defineErrors({
  CLI_INTERRUPTED: { message: 'Interrupted; nothing was left behind.' },
  CLI_FOLDER_TAKEN: { message: '{folder} is not empty ({found}). Name a folder that is, or one that does not exist yet.' },
  CLI_FOLDER_UNUSABLE: { message: '{folder} cannot be used: {reason}' },
  CLI_PACKAGE_INCOMPLETE: { message: 'There is no {missing} in {folder}. {wayOut}' },
  CLI_INSTALL_FAILED: {
    message:
      '{command} failed ({how}), and nothing was left behind. Run it again with --no-install to get the files alone. The end of what it said:\n{output}',
  },
  CLI_PACK_FAILED: { message: 'npm pack failed in {folder}:\n{output}' },
  CLI_PROJECT_MISSING: {
    message: 'There is no application in {folder} or above: no package.json. Go to its folder, or make one with rockstar new.',
  },
  CLI_CONFIG_INVALID: { message: '{file} is not understood: {reason}' },
  CLI_ENTRY_MISSING: {
    message:
      'There is no {file}. nest-like-cli.json says where the program begins: sourceRoot (default src) and entryFile (default main).',
  },
  CLI_ENTRY_ES_MODULE: {
    message:
      '{file} is an ES module, since package.json says "type": "module", and ts-node compiles none while it is loaded. Write "type": "commonjs" there; import and export stay as they are.',
  },
  CLI_ENTRY_FAILED: { message: '{file} could not be loaded: {reason}' },
  CLI_ENTRY_SERVES_NOTHING: {
    message: '{file} neither calls serve() or createApp() within {limitMs} ms, nor exports one class with @Module or @Plugin.',
  },
  CLI_TOOL_MISSING: { message: '{tool} is not installed in {folder}. {wayOut}' },
  CLI_BUILD_FAILED: { message: 'The compiler found mistakes (exit code {exitCode}); see above.' },
  CLI_FILE_TAKEN: { message: '{file} is there already, and nothing was written. Take another name, or move it away first.' },
  CLI_WRITE_FAILED: { message: '{file} could not be written, and {left}: {reason}' },
  CLI_WATCH_FAILED: {
    message:
      '{folder} can no longer be watched, and the program was stopped: {reason}. Where that is ENOSPC, the system watches as many files as it may (Linux: sysctl fs.inotify.max_user_watches).',
  },
  CLI_MODULE_MISSING: {
    message:
      'No class with @Module or @Plugin was found in {folder}. Name its file with --module, or leave it out with --no-register.',
  },
  CLI_MODULE_AMBIGUOUS: { message: '{what} could belong to several modules:\n{list}\nName the file of one with --module.' },
  CLI_MODULE_UNREADABLE: {
    message:
      '{file} cannot be changed safely: {reason}. Add {name} to its {list} yourself, and run this again with --no-register.',
  },
});
