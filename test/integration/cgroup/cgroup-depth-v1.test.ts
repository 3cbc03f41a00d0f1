// The same with cgroup v1 alone.
import '../../support/v1-alone.ts';
import './cgroup-depth.test.ts';
