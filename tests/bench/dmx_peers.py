"""QLC+ and olad as bench_dmx.py runs them: the same universes to the same place, all slots fading. Neither is needed to build or test lumad; what is not installed is left out."""
import os
import pathlib
import pwd
import shutil
import subprocess
import time

# Every plug-in but the dummy one is off, so that olad finds nothing but the network.
OLA_OFF = ("dmx4linux espnet ftdidmx gpio karate kinet milinst nanoleaf opendmx openpixelcontrol osc pathport renard sandnet shownet spi spidmx stageprofi uartdmx "
           "usbdmx usbserial").split()
OLA_ARTNET_MAX = 4                      # output ports of one olad
OLA_DEVICE = {"artnet": 2, "sacn": 3}   # as olad numbers them when only these are on


def fifo(real_time):
    return ["chrt", "-f", "50"] if real_time else []


class Peer:
    """Programs that send while it is entered. `pids`: whose CPU time and memory count."""

    hz = 44.0

    def __init__(self, folder):
        self.folder, self.procs = pathlib.Path(folder), []

    def spawn(self, command, **more):
        log = (self.folder / "log").open("ab")
        p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **more)
        log.close()
        self.procs.append(p)
        return p

    @property
    def pids(self):
        return [p.pid for p in self.procs]

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for p in reversed(self.procs):
            p.terminate()
        for p in self.procs:
            try:
                p.wait(4)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()


def qlc_workspace(universes, protocol, to):
    """A chaser of two scenes, all off and all on, that fades from one to the other in 2.5 s for ever; it starts when the file is opened."""
    def values(level):
        return "".join(f'<FixtureVal ID="{u}">' + ",".join(f"{c},{level}" for c in range(512)) + "</FixtureVal>" for u in range(universes))

    def output(u):
        if protocol == "artnet":
            return f'<Output Plugin="ArtNet" Line="0"><PluginParameters outputIP="{to}" outputUni="{u}"/></Output>'
        return '<Output Plugin="E1.31" Line="0"/>'

    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE Workspace>
<Workspace xmlns="http://www.qlcplus.org/Workspace" CurrentWindow="VirtualConsole">
<Creator><Name>Q Light Controller Plus</Name><Version>4.12.6</Version><Author/></Creator>
<Engine Autostart="2"><InputOutputMap>{"".join(f'<Universe Name="{u + 1}" ID="{u}">{output(u)}</Universe>' for u in range(universes))}</InputOutputMap>
{"".join(f'<Fixture><Manufacturer>Generic</Manufacturer><Model>Generic</Model><Mode>Generic</Mode><ID>{u}</ID><Name>{u}</Name><Universe>{u}</Universe>'
         '<Address>0</Address><Channels>512</Channels></Fixture>' for u in range(universes))}
<Function ID="0" Type="Scene" Name="off"><Speed FadeIn="0" FadeOut="0" Duration="0"/>{values(0)}</Function>
<Function ID="1" Type="Scene" Name="on"><Speed FadeIn="0" FadeOut="0" Duration="0"/>{values(255)}</Function>
<Function ID="2" Type="Chaser" Name="fade"><Speed FadeIn="2500" FadeOut="0" Duration="2500"/><Direction>Forward</Direction><RunOrder>Loop</RunOrder>
<SpeedModes FadeIn="Common" FadeOut="Default" Duration="Common"/><Step Number="0" FadeIn="2500" Hold="0" FadeOut="0">0</Step>
<Step Number="1" FadeIn="2500" Hold="0" FadeOut="0">1</Step></Function></Engine>
<VirtualConsole><Frame Caption=""><Appearance/></Frame><Properties><Size Width="800" Height="600"/>
<GrandMaster ChannelMode="Intensity" ValueMode="Reduce" SliderMode="Normal"/></Properties></VirtualConsole></Workspace>
"""


class Qlc(Peer):
    name, hz, warm_up = "QLC+", 50.0, 8                 # its own tick

    @staticmethod
    def why_not(universes, protocol):
        return None if shutil.which("qlcplus") else "not installed"

    def __init__(self, folder, universes, protocol, to, real_time):
        super().__init__(folder)
        self.workspace = self.folder / "show.qxw"
        self.workspace.write_text(qlc_workspace(universes, protocol, to))
        self.real_time = real_time

    def start(self):
        env = {**os.environ, "HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), "QT_QPA_PLATFORM": "offscreen"}
        self.spawn([*fifo(self.real_time), "qlcplus", "--nowm", "--nogui", "--web", "-wp", "9999", "--operate", "--open", str(self.workspace)], env=env)
        time.sleep(self.warm_up)


class Olad(Peer):
    """olad forwards what a client computes; the client counts too, in the same scheduling class."""

    name = "olad"

    @staticmethod
    def why_not(universes, protocol):
        if not shutil.which("olad") or not shutil.which("ola_patch"):
            return "not installed"
        return f"one olad has {OLA_ARTNET_MAX} Art-Net ports" if protocol == "artnet" and universes > OLA_ARTNET_MAX else None

    def __init__(self, folder, universes, protocol, to, real_time):
        super().__init__(folder)
        self.universes, self.protocol, self.real_time = universes, protocol, real_time
        self.config = self.folder / "ola"
        self.config.mkdir(exist_ok=True)        # a repeated run
        own = to.rsplit(".", 1)[0] + ".1"
        files = {plugin: "enabled = false\n" for plugin in OLA_OFF}
        files["artnet"] = f"enabled = true\nip = {own}\nalways_broadcast = true\nnet = 0\nsubnet = 0\noutput_ports = 16\n"
        files["e131"] = f"enabled = true\nip = {own}\ninput_ports = 0\noutput_ports = {max(universes, 1)}\nrevision = 0.46\n"
        files["dummy"] = "enabled = true\n"
        for plugin, text in files.items():
            (self.config / f"ola-{plugin}.conf").write_text(text)
        self.folder.chmod(0o755)
        for f in (self.config, *self.config.iterdir()):
            shutil.chown(f, *self.user())

    @staticmethod
    def user():
        """It refuses to be root."""
        name = next((n for n in ("olad", "nobody") if n in {p.pw_name for p in pwd.getpwall()}), "nobody")
        return name, pwd.getpwnam(name).pw_gid

    def start(self):
        user, group = self.user()
        self.spawn([*fifo(self.real_time), "setpriv", "--reuid", user, "--regid", str(group), "--clear-groups", "olad", "--config-dir", str(self.config),
                    "--log-level", "1", "--no-register-with-dns-sd"], env={**os.environ, "HOME": str(self.config)})
        time.sleep(2)
        for u in range(1, self.universes + 1):
            subprocess.run(["ola_patch", "-d", str(OLA_DEVICE[self.protocol]), "-p", str(u - 1), "-u", str(u)], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        self.spawn([*fifo(self.real_time), os.environ["OLA_FEEDER"], str(self.universes), str(self.hz)])
        time.sleep(3)


PEERS = (Qlc, Olad)
