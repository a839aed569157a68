"""Words for the disguise: those that give nobody away, and those that stand in for others."""

from __future__ import annotations

__all__ = ["CHINESE", "DEFAULT_NAMES", "KEPT", "VENDOR_DOMAINS", "WORDS"]


def _words(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in text.split())


KEPT = _words(
    # What marks the structure of a configuration, also where it stands in free text.
    "end return exit quit eof key password passwd secret more",
    # What login banners and prompts say everywhere.
    "access account accessed activities activity allowed all also and any are as at attempts"
    " authorised authorized available be been being board build by bytes can command commands"
    " company configuration connect connected connection console continue copyright corp"
    " corporation criminal date days day device devices disconnect displayed do does enter error"
    " evidence expressly failed failures failure file first following for format from further had"
    " has have help hours if illegal in inc information internet invalid is it its last later law"
    " laws legal license licensed line lines list log logged logging login logins logoff logon"
    " logout may message mode monitored must name network new no not notice number of off old on"
    " only operation or other out over page permission permitted personnel please policy power"
    " press private process prohibited prosecuted prosecution protected purpose recorded remote"
    " reserved restricted rights router secure security serial server service session sessions"
    " since software status strictly subject successful switch system technologies technology"
    " terminal than that the then this time times to type unauthorised unauthorized under unit"
    " up uptime usage use user username users verification version violators warning was welcome"
    " will with within without you your yes",
    "mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday jan feb"
    " mar apr jun jul aug sep oct nov dec january february march april june july august september"
    " october november december utc gmt cst cet cest est edt pst pdt msk",
    # What descriptions say everywhere.
    "uplink downlink backup core access distribution spare unused reserved trunk port vlan link"
    " lan wan mgmt management interface loopback primary secondary default guest voice data",
    # Vendors and systems.
    "adaptive allied arista aruba appliance brocade cisco cloud comware dell eltex enterprise"
    " eos exos extreme fastiron fortinet fortigate frr gateway hewlett hp hpe huawei ios ironware"
    " juniper junos mikrotik nexus nokia packard palo alto os procurve routeros ruckus ruijie"
    " series sros timos virtual vrp vyos xr zte zxr",
)

DEFAULT_NAMES = _words(
    "admin administrator root user operator manager guest cisco switch router huawei h3c hpe"
    " aruba ruijie mikrotik vyos localhost console system default arista fortigate pa-vm"
    " ciscoasa asa nexus juniper none local monitor readonly read-only networkadmin support"
    " maintainer enable all any test"
)
"""Names that the makers give; they say nothing about anybody."""

VENDOR_DOMAINS = _words(
    "cisco.com huawei.com h3c.com hp.com hpe.com arista.com juniper.net arubanetworks.com"
    " fortinet.com fortinet.net mikrotik.com paloaltonetworks.com nokia.com ruckuswireless.com"
    " commscope.com brocade.com dell.com dell.com.cn extremenetworks.com zte.com.cn"
    " alliedtelesis.com eltex-co.ru vyos.io frrouting.org ruijie.com.cn openssh.com libssh.org"
    " example.com example.net example.org debian.org gnu.org linux.org apache.org"
)

_POOL = sorted(
    _words(
        "an ox axe bay cup dye elm fig gum hut ink jar kit lid map net oak pin rug sky tin urn vat"
        " wax yak acre bell cart dune echo fern gate hill iris jade kite lamp mill nest oven pine"
        " quay road sail tent vine wall yard amber birch cedar delta ember flint grove haven inlet"
        " jetty knoll lotus maple north olive pearl quilt ridge stone tower umber vista wheat"
        " anchor bridge canyon desert estate forest garden harbor island jungle kettle ladder"
        " meadow needle orchid pepper quarry ribbon saddle temple valley willow arcades balcony"
        " cabinet diamond eastern factory glacier horizon journey kitchen lantern monsoon orchard"
        " northern pasture quarter railway seaside terrace village western airfield barnacle"
        " carriage daylight evergreen farmland goldfish hillside ironwood junction keystone"
        " landmark moonbeam notebook overpass platform quadrant riverbed sandbank treasure"
        " umbrella vineyard windmill afternoon blueberry courtyard driftwood eastwards fireplace"
        " greenwood hazelnuts limestone meanwhile newspaper northwest panoramas sandstone"
        " sunflower telescope waterfall blackboard chandelier foundation gooseberry lighthouse"
        " motorcycle playground strawberry waterfront watercourse countryside greenhouses"
        " headquarter marketplace neighbourly candlelights thoroughfare wheelbarrows"
    )
)

WORDS = {
    length: tuple(word for word in _POOL if len(word) == length)
    for length in {len(word) for word in _POOL}
}
"""Words by length."""

CHINESE = "山水林田湖海云风雨石桥路门窗楼台东西南北春夏秋冬金木火土花草"
