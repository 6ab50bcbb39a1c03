import { Plugin } from 'rockstar-web';
import { DemoConfig } from './demo-config';
import { Traffic } from './traffic';

@Plugin({
  name: 'demo-plugin',
  version: '1.0.0',
  description: 'Clients of all kinds, so that there is something to see',
  config: DemoConfig,
  providers: [Traffic],
})
export class DemoPlugin {}
