// exec into a container that has frozen a cgroup of its own.
import { execWhereFrozen } from '../../support/exec-frozen.ts';

execWhereFrozen();
