// The same with cgroup v2 alone.
import '../../support/host/v2-alone.ts';
import './further.test.ts';
