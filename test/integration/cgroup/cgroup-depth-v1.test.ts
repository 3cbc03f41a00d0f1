// The same with cgroup v1 alone.
import '../../support/host/v1-alone.ts';
import './cgroup-depth.test.ts';
