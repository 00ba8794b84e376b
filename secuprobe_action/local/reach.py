"""What may be scanned: pure. Addresses and names come in, a refusal or none goes out; nothing is looked up here."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

_NEVER = tuple(
    map(
        ip_network,
        (
            # What a cloud tells its machines, credentials among it. Link-local: AWS, Azure, Google, OpenStack and most others.
            "169.254.0.0/16",
            "fe80::/10",
            "fd00:ec2::/32",  # AWS: instance metadata and its other local services over IPv6
            "fd20:ce::/32",  # Google
            "fd00:42::42/128",  # Scaleway
            "100.100.100.200/32",  # Alibaba
            "192.0.0.192/32",  # Oracle
            "168.63.129.16/32",  # Azure's platform address
            # What is no single machine.
            "224.0.0.0/4",
            "ff00::/8",
            "255.255.255.255/32",
        ),
    )
)
_NAT64 = ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48")  # RFC 6052, RFC 8215
_V4_COMPATIBLE = ip_network("::/96")  # RFC 4291, deprecated; :: and ::1 lie in there, too


def effective(address: Address) -> Address:
    """Return the address that packets to `address` reach: the IPv4 address that an IPv6 one may hold, or itself."""
    if isinstance(address, IPv4Address) or int(address) <= 1:
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _V4_COMPATIBLE or any(address in network for network in _NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def parse(text: str) -> Address:
    """Return an address as a look-up gives it, without the zone of an IPv6 one.

    Raises:
        ValueError: it is none.
    """
    return ip_address(text.partition("%")[0])


@dataclass(frozen=True)
class Reach:
    """What may be scanned: loopback and private addresses, and what is named; never a cloud's metadata.

    Args:
        hosts: names and addresses that may be scanned wherever they are; `*.example.com` stands for all below example.com.
        public: whether any other public address may be, too.
    """

    hosts: frozenset[str] = frozenset()
    public: bool = False

    def refusal(self, host: str, addresses: Iterable[Address]) -> str | None:
        """Return why a host may not be reached at these addresses, or None.

        Args:
            host: as the URL names it.
            addresses: all that the name stands for at the moment. One that may not be reached is enough to refuse the name.
        """
        known = list(addresses)
        if not known:
            return f"{host} can't be resolved to an address"
        if any(_is_never(address) for address in known):
            return f"{host} is the address of a cloud's metadata or of no single machine, which is never scanned"
        if self.public or self._names(host) or all(effective(address).is_private for address in known):
            return None
        return (
            "This embedded SecuProbe scans only loopback and private addresses; "
            f"start it with --allow-host {host}, if you may scan that, or with --allow-public"
        )

    def _names(self, host: str) -> bool:
        name = host.lower().rstrip(".")
        return name in self.hosts or any(name.endswith(each[1:]) for each in self.hosts if each.startswith("*."))


def _is_never(address: Address) -> bool:
    return any(each in network for each in (address, effective(address)) for network in _NEVER)
