// veloci in containers of veloci, in containers of veloci.
import { nestedTable } from '../../support/engines/nested-table.ts';

nestedTable();
