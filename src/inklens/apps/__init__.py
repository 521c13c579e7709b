"""Apps that read with a model: an Xcode project for the iPhone, a page for the browser."""
