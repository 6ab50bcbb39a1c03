import { Plugin } from 'rockstar-web';
import { DiscoveryController } from './discovery.controller';

@Plugin({
  name: 'discovery-plugin',
  version: '1.0.0',
  description: 'Looks which services there are',
  controllers: [DiscoveryController],
})
export class DiscoveryPlugin {}
