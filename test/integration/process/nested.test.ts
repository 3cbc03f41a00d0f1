// veloci in containers of veloci, in containers of veloci.
import { nestedTable } from '../../support/nested-table.ts';

nestedTable();
