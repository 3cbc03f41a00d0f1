// veloci in containers of veloci on cgroup v2 alone.
import '../../support/v2-alone.ts';
import { nestedTable } from '../../support/nested-table.ts';

nestedTable();
