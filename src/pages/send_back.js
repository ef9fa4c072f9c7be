// Presses the button of the page that sends a person back to an application.
document.getElementById("send-back").submit();
