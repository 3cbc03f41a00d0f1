// containerd's CRI service, driven by crictl as a kubelet drives it. Debian 12 has no crictl: it runs where there is one.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endDaemon } from '../support/engines/daemon.ts';
import { startContainerd } from './containerd-daemon.ts';
import { makeImage } from './image.ts';
import { imageName, steps, type Engine } from './types.ts';

/** Shell functions of the steps; what they make is kept in $D under its name. */
const functions = `
# pod NAME [LINUX [MORE]]: runs a sandbox; LINUX and MORE are members of its JSON
pod() {
  printf '{"metadata":{"name":"%s","namespace":"tests","uid":"%s","attempt":1},"log_directory":"%s","linux":{"cgroup_parent":"%s/%s"%s}%s}' \\
    "$1" "$1" "$D/logs" "$C" "$1" "$2" "$3" >$D/$1.json
  e runp -r tested $D/$1.json >$D/$1.id || { cat $D/$1.id; return 1; }
}
# ctn POD NAME COMMAND [LINUX [MORE]]: creates and starts a container; COMMAND is a JSON array
ctn() {
  printf '{"metadata":{"name":"%s"},"image":{"image":"%s"},"command":%s,"log_path":"%s.log","linux":{%s}%s}' "$2" "$I" "$3" "$2" "$4" "$5" >$D/$2.json
  e create $(cat $D/$1.id) $D/$2.json $D/$1.json >$D/$2.id && e start $(cat $D/$2.id)
}
id() { cat $D/$1.id; }
`;

const web = '["sh","-c","echo logged; mkdir /w; echo served >/w/index.html; httpd -p 80 -h /w; sleep 1000"]';
const script =
  '["sh","-c","id; grep -E \\"CapEff|NoNew|Seccomp:\\" /proc/self/status; echo $A; touch /x; cat /m/f; touch /m/y; exit 3"]';
const confined =
  '"resources":{"memory_limit_in_bytes":67108864,"cpu_quota":50000,"cpu_period":100000,"cpu_shares":256,"oom_score_adj":500},'
  + '"security_context":{"run_as_user":{"value":1000},"run_as_group":{"value":1000},"supplemental_groups":[1234],"readonly_rootfs":true,'
  + '"no_new_privs":true,"capabilities":{"drop_capabilities":["ALL"]},"seccomp":{"profile_type":0}}';
const mount =
  ',"envs":[{"key":"A","value":"b c"}],"mounts":[{"host_path":"\'$D\'/m","container_path":"/m","readonly":true}]';
const ofHost = '"security_context":{"privileged":true,"namespace_options":{"network":2,"pid":2,"ipc":2}}';

const story = steps(
  ['runp',
    `pod web '' ',"hostname":"named","port_mappings":[{"container_port":80,"host_port":18090}],"dns_config":{"servers":["1.2.3.4"]}'; e pods`,
    /Ready.*web/],
  ['create, start', `ctn web one '${web}'; sleep 1; e ps`, /Running.*one/],
  ['exec -s', 'e exec -s $(id one) echo executed', /^executed$/m],
  ['exec -s: exit status', 'e exec -s $(id one) sh -c "exit 9"', /exit(ed with| code) 9/],
  ['exec -s: program not found', 'e exec -s $(id one) no-such-program', /not found/],
  ['exec -s: time limit', 'e exec -s --timeout 2 $(id one) sleep 30', /timeout|deadline/i],
  ['exec', 'echo piped | e exec -i $(id one) cat', /^piped$/m],
  ['exec -it', 'script -qec "e exec -it $(id one) tty" /dev/null </dev/null', /\/dev\/pts\/\d/],
  ['exec: probes', 'for i in 1 2 3 4 5 6 7 8; do e exec -s $(id one) echo probed & done | sort | uniq -c', /8 probed/],
  ['logs', 'e logs $(id one)', /^logged$/m],
  ['host name', 'e exec -s $(id one) hostname', /^named$/m],
  ['resolv.conf', 'e exec -s $(id one) cat /etc/resolv.conf', /nameserver 1\.2\.3\.4/],
  ['address', 'e exec -s $(id one) ip address', /inet 10\.98\./],
  ['published port', 'busybox wget -qO- http://127.0.0.1:18090/', /served/],
  ['port-forward', 'timeout 9 e port-forward $(id web) 18091:80 & sleep 4; busybox wget -qO- http://127.0.0.1:18091/',
    /served/],
  ['stats', 'e stats -o json', /"name": "one"/],
  ['update',
    'e update --memory 67108864 --cpu-quota 50000 --cpu-period 100000 --cpu-share 512 $(id one) && cat /sys/fs/cgroup/{memory$C/web/*/memory.limit_in_bytes,cpu$C/web/*/cpu.shares}',
    /^67108864\n(.*\n)*512$/m],
  ['stop', 'e stop -t 2 $(id one); e inspect $(id one)', /"exitCode": 1(37|43)/],
  ['rm', 'e rm $(id one)'],
  ['a confined container',
    `mkdir -p $D/m; echo mounted >$D/m/f; ctn web tells '${script}' '${confined}' '${mount}' && sleep 1; e inspect $(id tells)`,
    /"exitCode": 3/],
  ['its user', 'e logs $(id tells)', /uid=1000\(user\) gid=1000\(user\) groups=.*1234/],
  ['its confinement', 'e logs $(id tells) 2>&1', /CapEff:\s0{16}\nNoNewPrivs:\s1\nSeccomp:\s2/],
  ['its environment, its mount', 'e logs $(id tells) 2>&1', /b c\n[^]*mounted/],
  ['its file systems are read-only', 'e logs $(id tells) 2>&1', /\/x: Read-only[^]*\/m\/y: Read-only/],
  ['namespaces of the host',
    `pod host ',${ofHost}' && ctn host all '["sh","-c","grep CapEff /proc/self/status; ls /sys/class/net; sleep 1000"]' '${ofHost}'; sleep 1; e logs $(id all)`,
    /ffff[^]*cri0/],
  ['processes of a pod',
    `pod shared ',"sysctls":{"net.ipv4.ip_forward":"1"},"security_context":{"namespace_options":{"pid":0}}' && `
    + `ctn shared sees '["sh","-c","ps; sleep 1000"]' '"security_context":{"namespace_options":{"pid":0}}'; sleep 1; e logs $(id sees)`,
    /sleep 1000000/],
  ['sysctl', 'e exec -s $(id sees) cat /proc/sys/net/ipv4/ip_forward', /^1$/m],
  ['attach',
    `ctn shared typed '["sh"]' '' ',"tty":true,"stdin":true'; (sleep 2; echo 'echo $((6*7))'; sleep 2) | timeout 20 script -qec "e attach -i -t $(id typed)" /dev/null`,
    /^42$/m],
  ['out of memory',
    `ctn shared greedy '["tail","/dev/zero"]' '"resources":{"memory_limit_in_bytes":33554432,"memory_swap_limit_in_bytes":33554432}'; sleep 4; e inspect $(id greedy)`,
    /"exitCode": 137/],
  ['program not found', `ctn shared none '["no-such-program"]'`, /executable file not found/],
  ['stopp, rmp', 'e stopp $(id web) $(id host) $(id shared) && e rmp -f $(id web) $(id host) $(id shared)'],
  ['nothing is left', '! { e pods -q; e ps -aq; find /sys/fs/cgroup/*$C -mindepth 2 -type d; } 2>/dev/null | grep .'],
);

const pause = 'localhost/pause:1';
const network = (dir: string): string =>
  JSON.stringify({
    cniVersion: '0.4.0',
    name: 'tests',
    plugins: [
      { type: 'bridge', bridge: 'cri0', isGateway: true,
        ipam: { type: 'host-local', dataDir: join(dir, 'ipam'), ranges: [[{ subnet: '10.98.0.0/16' }]],
          routes: [{ dst: '0.0.0.0/0' }] } },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });

export const cri: Engine = {
  name: 'cri',
  needs: ['crictl', 'containerd', 'containerd-shim-runc-v2', 'ctr', 'iptables', '/usr/lib/cni/bridge'],
  async begin(dir, runtime, image) {
    for (const name of ['logs', 'net']) mkdirSync(join(dir, name));
    writeFileSync(join(dir, 'net/10-tests.conflist'), network(dir));
    writeFileSync(join(dir, 'functions'), functions);
    writeFileSync(join(dir, 'crictl.yaml'), 'timeout: 60\n');
    const { daemon, socket } = await startContainerd(dir, { runtime, networks: join(dir, 'net'), pause });
    for (const archive of [image, makeImage(join(dir, 'pause'), { name: pause, command: ['sleep', '1000000'] })]) {
      spawnSync('ctr', ['--address', socket, '--namespace', 'k8s.io', 'image', 'import', archive], { stdio: 'ignore' });
    }
    const address = `unix://${socket}`;
    return {
      command: ['crictl', '--config', join(dir, 'crictl.yaml')],
      steps: story,
      env: { I: imageName, BASH_ENV: join(dir, 'functions'), CONTAINER_RUNTIME_ENDPOINT: address,
        IMAGE_SERVICE_ENDPOINT: address },
      end: async () => {
        await endDaemon(daemon);
        spawnSync('ip', ['link', 'delete', 'cri0']);
      },
    };
  },
};
