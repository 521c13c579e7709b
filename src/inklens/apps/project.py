"""Check a generated Xcode project as far as that is possible without Xcode.

`check_project` is what `inklens app` asks of its own output and the tests of the template. Its checks of the project
file come from six real projects of objectVersion 77 and later that were compared: what all of them have is required.
"""

from __future__ import annotations

import json
import plistlib
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from inklens.apps.openstep import parse_openstep
from inklens.errors import InklensError, OutputError
from inklens.models.predictor import CORE_ML_SUFFIXES

PROJECT = "Inklens.xcodeproj"
PROJECT_FILE = f"{PROJECT}/project.pbxproj"
SCHEME = f"{PROJECT}/xcshareddata/xcschemes/Inklens.xcscheme"
SETTINGS = "Settings.xcconfig"
APP, TESTS, CORE = "Inklens", "InklensTests", "DigitCore"
MODELS = {"Locator": "locator", "Classifier": "classifier"}  # file name and kind of contract
LANGUAGES = ("en", "zh-Hans")
OBJECT_VERSION = "77"  # "Xcode 16", the first with synchronised folders that all tools agree on
ICON_SIDE = 1024

_ID = re.compile(r"[0-9A-F]{24}")
_SPECIFIER = re.compile(r"%(?:\d+\$)?(@|lld|lf|\.\d+f|%)")

# For each kind of object its required keys, and which of its keys name other objects.
_OBJECTS: Mapping[str, tuple[str, str]] = {
    "PBXBuildFile": ("productRef", "productRef"),
    "PBXContainerItemProxy": ("containerPortal proxyType remoteGlobalIDString remoteInfo", "containerPortal"),
    "PBXFileReference": ("path sourceTree", ""),
    "PBXFileSystemSynchronizedRootGroup": ("path sourceTree", ""),
    "PBXFrameworksBuildPhase": ("buildActionMask files runOnlyForDeploymentPostprocessing", "files"),
    "PBXGroup": ("children sourceTree", "children"),
    "PBXNativeTarget": (
        "buildConfigurationList buildPhases buildRules dependencies fileSystemSynchronizedGroups name "
        "packageProductDependencies productName productReference productType",
        "buildConfigurationList buildPhases buildRules dependencies fileSystemSynchronizedGroups "
        "packageProductDependencies productReference",
    ),
    "PBXProject": (
        "attributes buildConfigurationList developmentRegion hasScannedForEncodings knownRegions mainGroup "
        "minimizedProjectReferenceProxies packageReferences preferredProjectObjectVersion productRefGroup "
        "projectDirPath projectRoot targets",
        "buildConfigurationList mainGroup packageReferences productRefGroup targets",
    ),
    "PBXResourcesBuildPhase": ("buildActionMask files runOnlyForDeploymentPostprocessing", "files"),
    "PBXSourcesBuildPhase": ("buildActionMask files runOnlyForDeploymentPostprocessing", "files"),
    "PBXTargetDependency": ("target targetProxy", "target targetProxy"),
    "XCBuildConfiguration": ("buildSettings name", "baseConfigurationReference"),
    "XCConfigurationList": ("buildConfigurations defaultConfigurationName", "buildConfigurations"),
    "XCLocalSwiftPackageReference": ("relativePath", ""),
    "XCSwiftPackageProductDependency": ("productName", ""),
}
_APP_SETTINGS = {
    "ASSETCATALOG_COMPILER_APPICON_NAME": "AppIcon",
    "COREML_CODEGEN_LANGUAGE": "None",
    "GENERATE_INFOPLIST_FILE": "YES",
    "INFOPLIST_KEY_CFBundleDisplayName": "$(APP_DISPLAY_NAME)",
    "INFOPLIST_KEY_ITSAppUsesNonExemptEncryption": "NO",
    "INFOPLIST_KEY_UIApplicationSceneManifest_Generation": "YES",
    "INFOPLIST_KEY_UILaunchScreen_Generation": "YES",
    "PRODUCT_BUNDLE_IDENTIFIER": "$(APP_BUNDLE_IDENTIFIER)",
    "TARGETED_DEVICE_FAMILY": "1,2",
}
_PRIVACY = {
    "NSPrivacyTracking": False,
    "NSPrivacyTrackingDomains": [],
    "NSPrivacyCollectedDataTypes": [],
    "NSPrivacyAccessedAPITypes": [],
}


def check_project(folder: Path, *, models: bool) -> None:
    """Raises OutputError that names every problem of the project in `folder`.

    models: whether the two networks must be there, as in a generated project, or must not, as in the template.
    """
    found: list[str] = []
    for check in (_check_project_file, _check_scheme, _check_privacy, _check_texts, _check_assets):
        try:
            found += check(folder)
        except FileNotFoundError as error:
            found.append(f"{Path(error.filename).relative_to(folder)} is missing")
        except (InklensError, ValueError, KeyError, TypeError, AttributeError, ElementTree.ParseError) as error:
            found.append(f"{check.__name__.removeprefix('_check_').replace('_', ' ')}: {error!r}")
    found += _check_files(folder, models)
    if found:
        raise OutputError(f"the project in {folder} is not whole: {'; '.join(found)}.")


def find_models(folder: Path) -> list[Path]:
    """Every Core ML model below a folder, as paths from it: Xcode would compile each."""
    found = (path for suffix in CORE_ML_SUFFIXES for path in folder.rglob(f"*{suffix}"))
    paths = (path.relative_to(folder) for path in found)
    # the file of a package lies in it and is no model of its own
    return sorted(path for path in paths if not any(parent.suffix == ".mlpackage" for parent in path.parents))


def read_objects(folder: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The project file of a folder, and its objects by id. Raises OutputError where it cannot be read."""
    try:
        project = parse_openstep((folder / PROJECT_FILE).read_text("utf-8"))
        return project, dict(project["objects"])
    except (OutputError, TypeError, KeyError, ValueError) as error:
        raise OutputError(f"{PROJECT_FILE}: {error}") from None


def _check_project_file(folder: Path) -> Iterator[str]:
    project, objects = read_objects(folder)
    if project.get("objectVersion") != OBJECT_VERSION:
        yield f"{PROJECT_FILE} has objectVersion {project.get('objectVersion')}; expected {OBJECT_VERSION}"
    links = dict(_links(objects))
    for identity, item in objects.items():
        kind = str(item.get("isa"))
        if not _ID.fullmatch(identity):
            yield f"{identity} is not an id of 24 hexadecimal digits"
        if kind not in _OBJECTS:
            yield f"{identity} is a {kind}, which no project here has"
            continue
        missing = [key for key in _OBJECTS[kind][0].split() if key not in item]
        if missing:
            yield f"the {kind} {identity} lacks {', '.join(missing)}"
        yield from (
            f"the {kind} {identity} names {name}, which is not there" for name in links[identity] - set(objects)
        )
    reached, waiting = set(), {str(project.get("rootObject"))}
    while waiting:
        reached |= waiting
        waiting = {name for item in waiting for name in links.get(item, ())} - reached
    yield from (f"the {objects[lost].get('isa')} {lost} belongs to nothing" for lost in objects.keys() - reached)
    if any(item["isa"] == "PBXProject" for item in objects.values()):
        yield from _check_targets(folder, project, objects)
        yield from _check_paths(folder, objects)


def _links(objects: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, set[str]]]:
    """For every object the ids that it names."""
    for identity, item in objects.items():
        keys = _OBJECTS.get(item.get("isa", ""), ("", ""))[1].split()
        named: set[str] = set()
        for key in keys:
            value = item.get(key, [])
            named.update([value] if isinstance(value, str) else value)
        yield identity, named


def _check_targets(folder: Path, project: Mapping[str, Any], objects: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    root = objects[project["rootObject"]]
    targets = {objects[identity]["name"]: identity for identity in root["targets"]}
    if set(targets) != {APP, TESTS}:
        yield f"the targets are {', '.join(targets)}; expected {APP} and {TESTS}"
        return
    attributes = root["attributes"]["TargetAttributes"]
    if attributes.get(targets[TESTS], {}).get("TestTargetID") != targets[APP]:
        yield f"the TestTargetID of {TESTS} is not the id of {APP}"
    for name, settings in _settings(objects, targets[APP]):
        wrong = [key for key, value in _APP_SETTINGS.items() if settings.get(key) != value]
        yield from (f"{APP} {name}: {key} is {settings.get(key)!r}; expected {_APP_SETTINGS[key]!r}" for key in wrong)
        if not str(settings.get("INFOPLIST_KEY_NSCameraUsageDescription", "")).strip():
            yield f"{APP} {name} does not say what the camera is for"
    product = objects[objects[targets[APP]]["productReference"]]["path"]
    host = f"$(BUILT_PRODUCTS_DIR)/{product}/$(BUNDLE_EXECUTABLE_FOLDER_PATH)/{product.removesuffix('.app')}"
    for name, settings in _settings(objects, targets[TESTS]):
        if settings.get("TEST_HOST") != host or settings.get("BUNDLE_LOADER") != "$(TEST_HOST)":
            yield f"{TESTS} {name}: TEST_HOST is {settings.get('TEST_HOST')!r}; expected {host!r} as BUNDLE_LOADER too"
    for identity in (project["rootObject"], *targets.values()):
        names = [name for name, _ in _settings(objects, identity)]
        if names != ["Debug", "Release"]:
            yield f"{identity} has the configurations {', '.join(names)}; expected Debug, Release"
    for name, settings in _settings(objects, project["rootObject"]):
        for key in ("IPHONEOS_DEPLOYMENT_TARGET", "SDKROOT", "SWIFT_STRICT_CONCURRENCY", "SWIFT_VERSION"):
            if key not in settings:
                yield f"the project's {name} lacks {key}"
    if "DEVELOPMENT_TEAM" in (folder / PROJECT_FILE).read_text("utf-8"):
        yield f"{PROJECT_FILE} names a team; it belongs in {SETTINGS}"


def _settings(objects: Mapping[str, Mapping[str, Any]], identity: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Name and build settings of each configuration of a project or target."""
    configurations = objects[objects[identity]["buildConfigurationList"]]["buildConfigurations"]
    return [(objects[item]["name"], objects[item]["buildSettings"]) for item in configurations]


def _check_paths(folder: Path, objects: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for item in objects.values():
        path = item.get("relativePath") or (item.get("path") if item.get("sourceTree") == "<group>" else None)
        if path is None:
            continue
        if Path(path).is_absolute() or ".." in Path(path).parts:
            yield f"{PROJECT_FILE} names {path}, which leads out of the project"
        elif not (folder / path).exists():
            yield f"{PROJECT_FILE} names {path}, which is not there"


def _check_scheme(folder: Path) -> Iterator[str]:
    _, objects = read_objects(folder)
    names = {identity: item for identity, item in objects.items() if item.get("isa") == "PBXNativeTarget"}
    scheme = ElementTree.parse(folder / SCHEME).getroot()
    for reference in scheme.iter("BuildableReference"):
        identity, container = reference.get("BlueprintIdentifier", ""), reference.get("ReferencedContainer")
        if container == f"container:{CORE}":
            if not (folder / CORE / "Tests" / identity).is_dir():
                yield f"the scheme names the package's target {identity}, which is not there"
        elif container != f"container:{PROJECT}" or identity not in names:
            yield f"the scheme names the target {identity} in {container}, which is not there"
        elif objects[names[identity]["productReference"]]["path"] != reference.get("BuildableName"):
            yield f"the scheme calls the product of {identity} {reference.get('BuildableName')}"
    tested = [item.get("BlueprintName") for item in scheme.findall(".//TestableReference/BuildableReference")]
    if TESTS not in tested:
        yield f"the scheme tests {', '.join(map(str, tested)) or 'nothing'}; expected {TESTS}"


def _check_privacy(folder: Path) -> Iterator[str]:
    manifest = plistlib.loads((folder / APP / "PrivacyInfo.xcprivacy").read_bytes())
    if manifest != _PRIVACY:
        yield f"PrivacyInfo.xcprivacy says {manifest}; expected {_PRIVACY}"


def _check_texts(folder: Path) -> Iterator[str]:
    for name in ("Localizable.xcstrings", "InfoPlist.xcstrings"):
        catalogue = json.loads((folder / APP / name).read_text("utf-8"), object_pairs_hook=_once)
        if catalogue["sourceLanguage"] != LANGUAGES[0] or catalogue["version"] != "1.0":
            yield f"{name} is not a catalogue of version 1.0 in English"
        for key, entry in catalogue["strings"].items():
            texts = {
                language: unit["stringUnit"]
                for language, unit in entry.get("localizations", {}).items()
                if unit.get("stringUnit", {}).get("state") == "translated" and unit["stringUnit"].get("value")
            }
            # the key is the English text of Localizable, so that only InfoPlist needs it twice
            needed = LANGUAGES if name.startswith("InfoPlist") else LANGUAGES[1:]
            missing = [language for language in needed if language not in texts]
            if missing:
                yield f"{name}: {key!r} is not translated to {', '.join(missing)}"
            for language, unit in texts.items():
                if sorted(_SPECIFIER.findall(unit["value"])) != sorted(_SPECIFIER.findall(key)):
                    yield f"{name}: {key!r} in {language} has other placeholders"
    if (
        "NSCameraUsageDescription"
        not in json.loads((folder / APP / "InfoPlist.xcstrings").read_text("utf-8"))["strings"]
    ):
        yield "InfoPlist.xcstrings does not say what the camera is for"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _check_assets(folder: Path) -> Iterator[str]:
    assets = folder / APP / "Assets.xcassets"
    for place in (assets, *sorted(path for path in assets.iterdir() if path.is_dir())):
        contents = json.loads((place / "Contents.json").read_text("utf-8"), object_pairs_hook=_once)
        for image in contents.get("images", []):
            if "filename" in image and not (place / image["filename"]).is_file():
                yield f"{place.name} names {image['filename']}, which is not there"
    icon = assets / "AppIcon.appiconset"
    (entry,) = json.loads((icon / "Contents.json").read_text("utf-8"))["images"]
    width, height, colours = _png(icon / entry["filename"])
    if (width, height) != (ICON_SIDE, ICON_SIDE) or colours not in (0, 2, 3):
        yield f"the icon is {width} × {height} of colour type {colours}; expected {ICON_SIDE} × {ICON_SIDE}, no alpha"


def _png(path: Path) -> tuple[int, int, int]:
    """Width, height and colour type of a PNG file (its specification, section 11.2.2: IHDR)."""
    head = path.read_bytes()[:26]
    if head[:8] != b"\x89PNG\r\n\x1a\n" or head[12:16] != b"IHDR":
        raise OutputError(f"{path.name} is not a PNG file")
    width, height, _, colours = struct.unpack(">IIBB", head[16:26])
    return width, height, colours


def _check_files(folder: Path, models: bool) -> Iterator[str]:
    found = find_models(folder)
    expected = [f"{APP}/Models/{name}" for name in sorted(MODELS)] if models else []
    if [path.with_suffix("").as_posix() for path in found] != expected:
        names = ", ".join(path.as_posix() for path in found) or "none"
        yield f"the models are {names}; expected {', '.join(expected) or 'none'}"
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            yield f"{path.relative_to(folder)} is a link"
