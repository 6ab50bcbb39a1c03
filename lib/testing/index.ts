export type { InProcessRequest, InProcessResponse } from './in-process-client';
export { ManualClock } from './manual-clock';
export { override, type Override } from './override';
export { createTestApp, TestApplication, type TestApplicationOptions } from './test-application';
