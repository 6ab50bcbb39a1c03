import type { ConcreteClass } from '../metadata/slot';
import type { Provider } from '../plugins/provider';
import type { InjectionKey } from '../plugins/service-token';

/** A provider to be used instead of what modules provide under a key. */
export interface Override {
  readonly key: InjectionKey;
  readonly provider: Provider;
}

/** Says what stands in for a provider in a test: `override(Users).useValue(fake)`. */
export function override<T>(key: InjectionKey<T>): {
  /** Any object that does for the test. */
  useValue(value: unknown): Override;
  useClass(it: ConcreteClass): Override;
  useFactory(factory: (...args: never[]) => unknown, inject?: readonly InjectionKey[]): Override;
} {
  return {
    useValue: (value) => ({ key, provider: { provide: key, useValue: value } }),
    useClass: (it) => ({ key, provider: { provide: key, useClass: it } }),
    useFactory: (factory, inject = []) => ({ key, provider: { provide: key, useFactory: factory, inject } }),
  };
}
