import { DatabaseModule, Module } from 'rockstar-web';
import { DataController } from './data.controller';
import { LimitsController } from './limits.controller';
import { OperatorsController } from './operators.controller';
import { ProxyController } from './proxy.controller';
import { SlowUpstream } from './slow-upstream';
import { StreamController } from './stream.controller';
import { Users } from './users';
import { WorkController } from './work.controller';

@Module({
  imports: [DatabaseModule],
  controllers: [WorkController, LimitsController, DataController, StreamController, ProxyController, OperatorsController],
  providers: [Users, SlowUpstream],
})
export class CancellationModule {}
