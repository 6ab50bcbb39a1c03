/**
 * Read without a check of its types each time; 5110 is about a setting that the loader itself makes.
 *
 * @jest-config-loader-options {"transpileOnly": true, "ignoreDiagnostics": [5110]}
 */
import type { Config } from 'jest';

const config: Config = {
  testEnvironment: '<rootDir>/test/support/nothing-left-open.ts',
  testEnvironmentOptions: { customExportConditions: ['rockstar-source', 'node', 'node-addons'] },
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testSequencer: '<rootDir>/test/support/longest-first.cjs',
  setupFiles: ['reflect-metadata'],
  transform: { '^.+\\.ts$': '<rootDir>/test/support/transform.cjs' },
  // Many tests wait for something else than a core.
  maxWorkers: 3,
  // What a runner of many files has gathered makes each collection of it longer: then it is started anew.
  workerIdleMemoryLimit: '600MB',
  // A machine may be busy with other things.
  testTimeout: 60_000,
};

// Not `export default`: Node 22.18 and newer read this file themselves, as the CommonJS module that it is.
module.exports = config;
