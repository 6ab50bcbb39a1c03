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
      '{where} is undefined. Its file exports nothing of that name (the type check says so), or two files import each other, so that one is read before the other is ready: then write the import as an arrow function, () => TheModule, or move what both need into a third file.',
  },
  MODULE_MEMBER_UNKNOWN: { message: '{module}: {what} takes no {member}. {way}' },
  MODULE_LIST_INVALID: { message: '{module}: {list} is {got}; expected an array.' },
  PLUGIN_CYCLE: {
    message:
      'Modules need each other: {path}. Move what they share into a module of its own that each of them imports, or let one tell the other by an event.',
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

  // Configuration
  CONFIG_INVALID: {
    message: 'The configuration of {plugin} is not valid: {problems}. Give it to createApp in the option config, under "{name}".',
  },
  CONFIG_UNKNOWN: { message: 'The option config has something for {name}, and no plugin of that name is there. {way}' },
  CONFIG_UNEXPECTED: {
    message:
      'The option config has something for {plugin}, which takes no configuration. Leave it out, or say in @Plugin of {module} what it takes: config: ItsConfig.',
  },
  CONFIG_SCHEMA_INVALID: {
    message: 'The config of {plugin} in @Plugin is {got}; expected a class with class-validator decorators.',
  },
  CONFIG_SCHEMA_FAILED: { message: '{plugin} cannot be configured: its class {schema} is no use as a schema. {reason}' },

  // Services
  SERVICE_NAME_INVALID: {
    message: 'serviceRef takes the name of a plugin and of a service, texts without spaces; got {got}.',
  },
  SERVICE_REF_MISSING: {
    message:
      '{who}, but where the name of the service is expected stands {got}. Make one with serviceRef<T>(plugin, service); where it is undefined, two files import each other: move the name into a file of its own.',
  },
  SERVICE_HOMELESS: {
    message:
      '{module} exports the service {service} but is no plugin. Put @Plugin on it instead of @Module, with a name and a version.',
  },
  SERVICE_FOREIGN: {
    message:
      '{module} exports the service {service}, but is the plugin {plugin}: only {owner} can export that. Name it serviceRef("{plugin}", "{name}").',
  },
  SERVICE_UNPROVIDED: { message: '{module} exports the service {service} as {key}, which it does not provide. {way}' },
  SERVICE_PER_REQUEST: {
    message:
      '{module} exports the service {service}, but {key} is made for each request. Services are made once: let it ask for CurrentRequest instead.',
  },
  SERVICE_DUPLICATE: {
    message: '{module} exports {service} {version} twice. Keep one, or give the other a version of its own.',
  },
  SERVICE_OPTION_INVALID: { message: '{module}: the {option} of the service {service} is {got}; expected {expected}.' },
  SERVICE_CONTRACT_INVALID: {
    message:
      'The contract of {service} is not understood: {reason}. It is a list of names of methods, or an object that has arguments and result for each.',
  },
  SERVICE_CONTRACT_BROKEN: {
    message:
      '{module} exports {key} as the service {service}, which lacks {missing}. Add what is missing, or export it under a name with another contract.',
  },
  SERVICE_LACKS: {
    message: '{asks}, and {offered} lacks {missing}. Ask for a version that has what is needed, or for less.',
  },
  SERVICE_UNKNOWN: { message: '{asks}, and {plugin} exports {exported}.{way}' },
  SERVICE_VERSION_UNSATISFIED: {
    message: '{asks}; of {service} there is {offered}. Widen the range, or load a version within it.',
  },
  SERVICE_IMPORT_INVALID: {
    message: '{asks}, but its options are {got}; expected an object with version, optional or fallback.',
  },
  SERVICE_RANGE_INVALID: {
    message: '{asks}, but the version is {got}; expected a range of semantic versions, such as "^2" or ">=1.2 <3".',
  },
  SERVICE_FROZEN: {
    message:
      '{service}: nothing can be put around its method {method}, as the object is frozen. Export one that is not, or without schemas, timeoutMs and measured.',
  },
  SERVICE_NOT_READY: {
    message:
      '{asks}, and {plugin} is not initialised yet. Name it in the dependencies of @Plugin, as {service} or "{plugin}": then it is, before.',
  },
  SERVICE_ARGUMENT_INVALID: { message: '{service}: argument {at} of {method} is not what its contract says: {problem}.' },
  SERVICE_RESULT_INVALID: { message: '{service}: what {method} gives is not what its contract says: {problem}.' },
  SERVICE_TIMEOUT: { status: 504, message: '{service}: {method} did not answer within {limitMs} ms.' },
  PLUGIN_STOPPED: {
    message: '{plugin} is stopped, and {what}. Let go of its context when stop is called.',
  },
  PLUGIN_NOT_LOADED: { message: '{asks}, and no plugin of the name {plugin} is loaded.{way}' },
  DEPENDENCY_INVALID: {
    message:
      '{where} is {got}; expected the name of a service (serviceRef) or of a plugin, or an object with service or plugin, and version and optional.',
  },

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
      '{who} takes {count} but carries no decorator, so nobody knows what they are. Put @Injectable() on {class}, or provide it with useClass and name the arguments in inject; a pipe or a guard with settings is written as new {class}(…).',
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
  SCOPE_UNKNOWN: {
    message:
      '{who}: @Injectable takes the scope "singleton" or "request", got {got}. Who needs an instance of its own makes it, or is given a factory.',
  },
  HOOK_NEVER_CALLED: { message: '{who} has {method}(), which nobody calls here. Name it {hook}().' },
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

  // Changing plugins while the application runs
  PLUGIN_INVALID: { message: '{got} is no plugin; expected a class with @Plugin, or a dynamic module of one.' },
  PLUGIN_NOT_RUNNING: { message: 'No plugin {plugin} is running. {way}' },
  PLUGIN_VERSION_NEEDED: { message: 'Of {plugin} there is {versions}: say which is meant.' },
  PLUGIN_RUNS_ALREADY: { message: '{plugin} is running already. Replace it, or add another version.' },
  PLUGIN_IS_ROOT: { message: '{plugin} is what the application is made of, and cannot be removed. Close the application.' },
  PLUGIN_RENAMED: {
    message: '{plugin} can only be replaced by a plugin of its name, not by {name}. Remove the one and add the other.',
  },
  PLUGIN_CHANGE_REFUSED: { message: '{what} is refused, and nothing was changed:\n{list}' },
  PLUGIN_CHANGE_FAILED: { message: '{what} failed, and everything is as it was: {reason}' },
  PLUGIN_START_FAILED: { message: '{count} failures while starting:\n{list}' },
  PLUGIN_STOP_FAILED: { message: '{count} failures while stopping; everything else was stopped:\n{list}' },
});
