import { defineErrors } from '../errors/define-error';

/**
 * What can be wrong with modules, plugins and providers.
 *
 * `{asks}` is "X in M needs K as <place>", or who asked while running; `{way}` is the way out where it depends on the case.
 */
export const pluginErrors = defineErrors({
  APP_WIRING_FAILED: { message: '{count} wiring mistakes, and nothing was started:\n{list}' },

  // Modules and plugins
  MODULE_INVALID: { message: '{where} is {got}, which is no module: expected a class with @Module or @Plugin. {way}' },
  MODULE_UNDEFINED: {
    message:
      '{where} is undefined. Two files import each other, so one of them is read before the other is ready: write the import as an arrow function, () => TheModule, or move what both need into a third file.',
  },
  MODULE_LIST_INVALID: { message: '{module}: {list} is {got}; expected an array.' },
  PLUGIN_CYCLE: {
    message: 'Modules import each other: {path}. Move what they share into a module of its own that each of them imports.',
  },
  PLUGIN_NAME_INVALID: {
    message: '{module}: the name of the plugin is {got}; expected a text without spaces, such as "user-plugin".',
  },
  PLUGIN_VERSION_INVALID: {
    message: '{module}: the version of {name} is {got}; expected a semantic version, such as "1.0.0" (https://semver.org).',
  },
  PLUGIN_TEXT_INVALID: { message: '{module}: the {field} of {name} is {got}; expected a text.' },
  PLUGIN_DUPLICATE: {
    message:
      '{first} and {second} are both {plugin}. Give one of them another name or version, or import the same class (or the same dynamic module object) in both places.',
  },
  PACKAGE_DUPLICATED: {
    message:
      'rockstar-web is loaded {count} times, from {folders}. What one copy provides, the other does not recognise: keep one (npm ls rockstar-web, npm dedupe; no symbolic link to a checkout).',
  },

  // Lists of a module
  PROVIDER_INVALID: {
    message:
      '{where} is {got}; expected a class, or an object with provide and one of useClass, useValue, useFactory and useExisting.{way}',
  },
  PROVIDER_DUPLICATE: {
    message:
      '{module} provides {key} twice, as {first} and as {second}. Keep one, or provide the other under a token of its own.',
  },
  CONTROLLER_INVALID: { message: '{where} is {got}; expected a class.{way}' },
  EXPORT_UNKNOWN: { message: '{module} exports {key}, which it neither provides nor imports. {way}' },
  OVERRIDE_UNKNOWN: { message: 'The override of {key} replaces nothing: no module provides it. {way}' },
  OVERRIDE_INVALID: { message: 'The override of {key} is {got}; expected {expected}.' },

  // What a provider needs
  DEPENDENCY_UNKNOWN: { message: '{asks}, and nothing provides it. {way}' },
  DEPENDENCY_AMBIGUOUS: { message: '{asks}, and {owners} each have one for it. {way}' },
  PLUGIN_NOT_EXPORTED: { message: '{asks}; {owner} has it but does not export it. {way}' },
  PLUGIN_NOT_IMPORTED: { message: '{asks}; {owner} exports it but {module} does not import {owner}. {way}' },
  DEPENDENCY_ERASED: {
    message:
      '{who}: the type of {place} is {emitted} at run time, which does not say what to inject. TypeScript erases interfaces, type aliases, unions and what comes by `import type`, and a class from a file that imports this one back is not there yet. Put @Inject(token) beside it, or import the class as a value.',
  },
  DEPENDENCY_UNDEFINED: {
    message:
      '{who}: {place} is undefined. Either two files import each other and the class was not there yet (move what both need into a third file), or it came by `import type` or stands further down in the same file (import it as a value, or put it first).',
  },
  METADATA_MISSING: {
    message:
      '{who} takes {count}, but the compiler wrote no types for them. Set experimentalDecorators and emitDecoratorMetadata, and compile with tsc, ts-node, ts-jest or swc (esbuild, tsx and Node itself write none), or put @Inject(token) beside each parameter.',
  },
  CLASS_UNDECORATED: {
    message:
      '{who} takes {count} but carries no decorator, so nobody knows what they are. Put @Injectable() on {class}, or provide it with useClass and name the arguments in inject.',
  },
  SUBCLASS_UNDECORATED: {
    message:
      '{who} extends {parent}, whose constructor takes arguments, but has neither a decorator nor a constructor of its own and would be made with none. Put @Injectable() on {class}.',
  },
  PROVIDER_CYCLE: {
    message:
      'Providers need each other: {path}. Move what they share into a provider of its own that each of them needs, or let one tell the other by an event.',
  },
  SCOPE_CAPTIVE: {
    message:
      '{asks}, which is made anew for each request; made once, {name} would keep the first for ever. Give it scope "request" too, or let it ask for CurrentRequest.',
  },
  SCOPE_FACTORY_ASYNC: {
    message:
      '{who} is asynchronous and has scope "request": a request does not wait for its providers. Let an asynchronous singleton prepare what takes time, and make the rest from it at once.',
  },
  INJECT_MISPLACED: {
    message: '@{decorator} stands on {place}; it goes on a parameter of a constructor or of a handler.',
  },

  // While building, starting, stopping
  PROVIDER_FAILED: { message: '{who} could not be made: {reason}' },
  PROVIDER_TIMEOUT: {
    message:
      '{who} did not settle within {limitMs} ms. Look for a promise that waits for something not yet started, or allow more with startTimeoutMs.',
  },
  PROVIDER_PER_REQUEST: {
    message:
      '{asks}, which is made for each request: it can only be had while one is served, by injection into a controller or a request-scoped provider.',
  },
  PLUGIN_HOOK_FAILED: { message: '{plugin}: {hook} of {class} failed: {reason}' },
  PLUGIN_HOOK_TIMEOUT: {
    message:
      '{plugin}: {hook} of {class} did not settle within {limitMs} ms. Look for a promise nobody resolves, or allow more time.',
  },
  PLUGIN_STILL_BUSY: {
    message:
      '{plugin} is stopped although {work} had not ended {limitMs} ms after being cut. Let that work listen to its signal.',
  },
  PLUGIN_START_FAILED: { message: '{count} failures while starting:\n{list}' },
  PLUGIN_STOP_FAILED: { message: '{count} failures while stopping; everything else was stopped:\n{list}' },
});
