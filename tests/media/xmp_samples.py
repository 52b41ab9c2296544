"""XMP and .picasa.ini as digiKam, Lightroom, Picasa and Windows Photo Gallery write them, by hand from what they document."""

HEAD = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="{toolkit}">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
)
TAIL = '</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>'
MWG = 'xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"'
DIM = 'xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"'
MP = (
    'xmlns:MP="http://ns.microsoft.com/photo/1.2/" xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#"'
    ' xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#"'
)


def packet(inner: str, toolkit: str = "XMP Core 5.6.0") -> bytes:
    return (HEAD.format(toolkit=toolkit) + inner + TAIL).encode()


def digikam(name="Ann Lee", area=(0.5, 0.4, 0.2, 0.3), size=None) -> bytes:
    """Regions twice, tags, an XML declaration; AppliedToDimensions came with its later versions."""
    x, y, w, h = area
    applied = (
        f'<mwg-rs:AppliedToDimensions stDim:w="{size[0]}" stDim:h="{size[1]}" stDim:unit="pixel"/>' if size else ""
    )
    inner = f"""<rdf:Description rdf:about="" xmlns:digiKam="http://www.digikam.org/ns/1.0/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" {MWG} {DIM} {MP}
 xmp:CreatorTool="digiKam-7.8.0" digiKam:PickLabel="0">
 <digiKam:TagsList><rdf:Seq><rdf:li>People/{name}</rdf:li></rdf:Seq></digiKam:TagsList>
 <dc:title><rdf:Alt><rdf:li xml:lang="x-default">At the lake</rdf:li></rdf:Alt></dc:title>
 <mwg-rs:Regions rdf:parseType="Resource">{applied}<mwg-rs:RegionList><rdf:Bag><rdf:li>
  <rdf:Description mwg-rs:Name="{name}" mwg-rs:Type="Face">
  <mwg-rs:Area stArea:x="{x}" stArea:y="{y}" stArea:w="{w}" stArea:h="{h}" stArea:unit="normalized"/>
  </rdf:Description></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>
 <MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag>
  <rdf:li MPReg:PersonDisplayName="{name}" MPReg:Rectangle="{x - w / 2}, {y - h / 2}, {w}, {h}"/>
 </rdf:Bag></MPRI:Regions></MP:RegionInfo></rdf:Description>"""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + packet(inner, "XMP Core 4.4.0-Exiv2").split(b"?>\n", 1)[1]


def lightroom(name="Ann Lee", area=(0.5, 0.4, 0.2, 0.3), size=(400, 300), extension="NEF") -> bytes:
    """A sidecar of a RAW: no packet marks, regions with a rotation, a pet among them."""
    x, y, w, h = area
    inner = f"""<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" {MWG} {DIM}
 xmp:CreatorTool="Adobe Photoshop Lightroom Classic 12.0 (Macintosh)" photoshop:SidecarForExtension="{extension}"
 crs:Version="15.0">
 <mwg-rs:Regions rdf:parseType="Resource">
  <mwg-rs:AppliedToDimensions stDim:w="{size[0]}" stDim:h="{size[1]}" stDim:unit="pixel"/>
  <mwg-rs:RegionList><rdf:Bag>
   <rdf:li><rdf:Description mwg-rs:Rotation="0.02" mwg-rs:Name="{name}" mwg-rs:Type="Face">
    <mwg-rs:Area stArea:h="{h}" stArea:w="{w}" stArea:x="{x}" stArea:y="{y}"/></rdf:Description></rdf:li>
   <rdf:li><rdf:Description mwg-rs:Name="Rex" mwg-rs:Type="Pet">
    <mwg-rs:Area stArea:h=".1" stArea:w=".1" stArea:x=".1" stArea:y=".1"/></rdf:Description></rdf:li>
  </rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions></rdf:Description>"""
    return packet(inner).split(b"?>\n", 1)[1].rsplit(b"\n<?xpacket", 1)[0]


def picasa(name="Ann Lee", area=(0.5, 0.4, 0.2, 0.3), size=(400, 300)) -> bytes:
    """The packet that Picasa 3.9 writes into a JPEG: everything as elements."""
    x, y, w, h = area
    inner = f"""<rdf:Description rdf:about="" {MWG} {DIM}>
 <mwg-rs:Regions rdf:parseType="Resource">
  <mwg-rs:AppliedToDimensions rdf:parseType="Resource">
   <stDim:w>{size[0]}</stDim:w><stDim:h>{size[1]}</stDim:h><stDim:unit>pixel</stDim:unit>
  </mwg-rs:AppliedToDimensions>
  <mwg-rs:RegionList><rdf:Bag><rdf:li rdf:parseType="Resource">
   <mwg-rs:Type>Face</mwg-rs:Type><mwg-rs:Name>{name}</mwg-rs:Name>
   <mwg-rs:Area rdf:parseType="Resource"><stArea:x>{x}</stArea:x><stArea:y>{y}</stArea:y><stArea:w>{w}</stArea:w>
    <stArea:h>{h}</stArea:h><stArea:unit>normalized</stArea:unit></mwg-rs:Area>
  </rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions></rdf:Description>"""
    return packet(inner, "XMP Core 5.1.2")


def windows(name="Ann Lee", area=(0.5, 0.4, 0.2, 0.3)) -> bytes:
    """One person with a place, one of the whole photo, one unknown."""
    x, y, w, h = area
    inner = f"""<rdf:Description rdf:about="" {MP} xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/"
 MicrosoftPhoto:Rating="75">
 <MP:RegionInfo><rdf:Description><MPRI:Regions><rdf:Bag>
  <rdf:li><rdf:Description><MPReg:Rectangle>{x - w / 2:.6f}, {y - h / 2:.6f}, {w:.6f}, {h:.6f}</MPReg:Rectangle>
   <MPReg:PersonDisplayName>{name}</MPReg:PersonDisplayName></rdf:Description></rdf:li>
  <rdf:li><rdf:Description><MPReg:PersonDisplayName>Ben</MPReg:PersonDisplayName></rdf:Description></rdf:li>
  <rdf:li><rdf:Description><MPReg:Rectangle>0.1, 0.1, 0.1, 0.1</MPReg:Rectangle></rdf:Description></rdf:li>
 </rdf:Bag></MPRI:Regions></rdf:Description></MP:RegionInfo></rdf:Description>"""
    return packet(inner, "Image")


def picasa_ini(files: dict[str, list[tuple[tuple[float, float, float, float], str]]], contacts: dict[str, str]) -> str:
    """Of each picture its faces as left, top, right and bottom with a contact."""
    lines = ["[Picasa]", "name=Summer", "[Contacts2]", *(f"{key}={name};;" for key, name in contacts.items())]
    for name, faces in files.items():
        written = [f"rect64({_rect64(edges)}),{contact}" for edges, contact in faces]
        lines += [f"[{name}]", "star=yes", f"faces={';'.join(written)}", "backuphash=12345"]
    return "\r\n".join(lines) + "\r\n"


def _rect64(edges) -> str:
    return "".join(f"{min(int(edge * 65536), 65535):04x}" for edge in edges).lstrip("0")


def bomb(secret_uri: str) -> bytes:
    """Nine levels of entities, and one that reads a file."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lollollol">{levels}<!ENTITY file SYSTEM "{secret_uri}">]>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {MP}><MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag>'
        '<rdf:li MPReg:Rectangle="0.1, 0.1, 0.1, 0.1"><MPReg:PersonDisplayName>&l9;&file;</MPReg:PersonDisplayName>'
        "</rdf:li></rdf:Bag></MPRI:Regions></MP:RegionInfo></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()
