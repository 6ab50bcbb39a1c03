import { Module } from 'rockstar-web';
import { BinaryController } from './binary.controller';
import { LinesController } from './lines.controller';
import { MisuseController } from './misuse.controller';
import { ProxyController } from './proxy.controller';

@Module({ controllers: [LinesController, BinaryController, ProxyController, MisuseController] })
export class HijackModule {}
