// veloci in containers of veloci on cgroup v2 alone.
import '../../support/host/v2-alone.ts';
import { nestedTable } from '../../support/engines/nested-table.ts';

nestedTable();
