import '../../support/host/v2-alone.ts';
import { execWhereFrozen } from '../../support/exec-frozen.ts';

execWhereFrozen();
