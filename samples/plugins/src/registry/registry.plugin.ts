import { Plugin, PluginReportsModule } from 'rockstar-web';

/** `/api/services`, `/api/services/events` and `/api/plugins`: descriptions alone, and here everybody may read them. */
@Plugin({
  name: 'registry-plugin',
  version: '1.0.0',
  description: 'Tells which plugins and services run',
  imports: [PluginReportsModule.forRoot({ read: [] })],
})
export class RegistryPlugin {}
